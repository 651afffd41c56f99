{{/* What stands around a service's pods: its Services, how many pods there are, and who may connect to them. */}}

{{- define "atelier.service.services" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "atelier.service.fullname" . }}
  labels: {{- include "atelier.labels" . | nindent 4 }}
  {{- with .values.service.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- with .values.service.spec }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  type: {{ .values.service.type }}
  selector: {{- include "atelier.selector" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .values.service.port }}, targetPort: http, appProtocol: http}
    {{- if eq .component "order-status" }}
    {{- if .root.Values.auth.verify.enabled }}
    - {name: verify, port: 9117, targetPort: verify, appProtocol: http}
    {{- end }}
    {{- end }}
---
# Probes and metrics, for the cluster; no ingress may lead here.
apiVersion: v1
kind: Service
metadata:
  name: {{ include "atelier.service.fullname" . }}-ops
  labels: {{- include "atelier.labels" . | nindent 4 }}
spec:
  clusterIP: None
  publishNotReadyAddresses: true
  selector: {{- include "atelier.selector" . | nindent 4 }}
  ports:
    - {name: ops, port: {{ .opsPort }}, targetPort: ops, appProtocol: http}
{{- end }}

{{/* How many pods there are at least, and at most. */}}
{{- define "atelier.service.fewest" -}}
{{- ternary .values.autoscaling.minReplicas .values.replicas .values.autoscaling.enabled -}}
{{- end }}

{{- define "atelier.service.most" -}}
{{- ternary .values.autoscaling.maxReplicas .values.replicas .values.autoscaling.enabled -}}
{{- end }}

{{/* How many connections they may hold to the database, with the one more pod that a rollout has. */}}
{{- define "atelier.service.connections" -}}
{{- $own := default (dict) .values.config.database -}}
{{- $read := default .readConnections $own.read_connections | int -}}
{{- $write := default .writeConnections $own.write_connections | int -}}
{{- $most := include "atelier.service.most" . | int -}}
{{- mul (ternary (add $most 1) 0 (gt $most 0)) (add $read $write) -}}
{{- end }}

{{- define "atelier.service.pdb" -}}
{{- if and .values.podDisruptionBudget.enabled (gt (int (include "atelier.service.fewest" .)) 1) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "atelier.service.fullname" . }}
  labels: {{- include "atelier.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  # A pod that is not ready serves nobody: it must not hold up a drain.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "atelier.selector" . | nindent 6 }}
{{- end }}
{{- end }}

{{- define "atelier.service.hpa" -}}
{{- with .values.autoscaling }}
{{- if .enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "atelier.service.fullname" $ }}
  labels: {{- include "atelier.labels" $ | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "atelier.service.fullname" $ }}}
  minReplicas: {{ .minReplicas }}
  maxReplicas: {{ .maxReplicas }}
  metrics:
    - type: Resource
      resource: {name: cpu, target: {type: Utilization, averageUtilization: {{ .targetCpuPercent }}}}
{{- end }}
{{- end }}
{{- end }}
