{{/*
The two services differ in what they are told, not in how they run: one template for both.
Each takes {root, component, values, login, port, opsPort, config}; config is YAML that only this service has.
*/}}

{{- define "atelier.service.fullname" -}}
{{ include "atelier.fullname" .root }}-{{ .component }}
{{- end }}

{{/* The configuration file: what the chart knows, then what the service alone has, then the user's own keys. */}}
{{- define "atelier.service.config" -}}
{{- $root := .root -}}
{{- $host := default $root.Values.database.host .values.databaseHost -}}
{{- $database := include "atelier.database.config" (dict "root" $root "host" $host) | fromYaml -}}
{{- $shutdown := $root.Values.shutdown -}}
{{- $common := dict
  "listen" (printf "%s:%d" $root.Values.bindAddress (int .port))
  "ops_listen" (printf "%s:%d" $root.Values.bindAddress (int .opsPort))
  "database" $database
  "auth" (include "atelier.auth.config" $root | fromYaml)
  "log" (dict "format" "json" "level" $root.Values.log.level)
  "shutdown" (dict "delay_ms" (mul 1000 (int $shutdown.delaySeconds)) "drain_ms" (mul 1000 (int $shutdown.drainSeconds)))
-}}
{{- if $root.Values.audit.existingSecret -}}
{{- $_ := set $common "audit" (dict "key_file" "/etc/atelier/audit/key") -}}
{{- end -}}
{{- $own := .config | fromYaml -}}
{{- include "atelier.toml" (dict "path" "" "map" (mustMergeOverwrite $common $own (deepCopy .values.config))) -}}
{{- end }}

{{- define "atelier.service.configmap" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "atelier.service.fullname" . }}
  labels: {{- include "atelier.labels" . | nindent 4 }}
data:
  config.toml: |
    {{- include "atelier.service.config" . | trim | nindent 4 }}
{{- end }}

{{- define "atelier.service.deployment" -}}
{{- $root := .root -}}
{{- $name := include "atelier.service.fullname" . -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  labels: {{- include "atelier.labels" . | nindent 4 }}
  {{- with .values.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ .values.replicas }}
  {{- end }}
  revisionHistoryLimit: {{ $root.Values.revisionHistoryLimit }}
  # A new pod that never becomes ready, because the schema lacks what it needs, must not take an old one's place.
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  progressDeadlineSeconds: {{ add $root.Values.migrations.activeDeadlineSeconds 60 }}
  selector:
    matchLabels: {{- include "atelier.selector" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "atelier.podLabels" . | nindent 8 }}
      annotations:
        checksum/config: {{ include "atelier.service.config" . | sha256sum }}
        {{- with .values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "atelier.pod.common" . | nindent 6 }}
      {{- with .values.priorityClassName }}
      priorityClassName: {{ . | quote }}
      {{- end }}
      # The delay, the drain, and what flushing telemetry may take.
      terminationGracePeriodSeconds: {{ add $root.Values.shutdown.delaySeconds $root.Values.shutdown.drainSeconds 15 }}
      {{- with .values.podSpec }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
      {{- with .values.topologySpreadConstraints }}
      topologySpreadConstraints:
        {{- $others := dict "labelSelector" (dict "matchLabels" (include "atelier.selector" $ | fromYaml)) "matchLabelKeys" (list "pod-template-hash") }}
        {{- range . }}
        - {{- merge (dict) . $others | toYaml | nindent 10 }}
        {{- end }}
      {{- else }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels: {{- include "atelier.selector" . | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "atelier.image" (dict "root" $root "image" .values.image) | quote }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [--config, /etc/atelier/config/config.toml]
          ports:
            - {name: http, containerPort: {{ .port }}}
            - {name: ops, containerPort: {{ .opsPort }}}
            {{- if and (eq .component "order-status") $root.Values.auth.verify.enabled }}
            - {name: verify, containerPort: 9117}
            {{- end }}
          securityContext: {{- include "atelier.container.securityContext" . | nindent 12 }}
          resources: {{- toYaml .values.resources | nindent 12 }}
          startupProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 1
            failureThreshold: 30
          livenessProbe:
            httpGet: {path: /livez, port: ops}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /readyz, port: ops}
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 2
          terminationMessagePolicy: FallbackToLogsOnError
          volumeMounts:
            - {name: config, mountPath: /etc/atelier/config, readOnly: true}
            {{- include "atelier.database.mounts" $root | nindent 12 }}
            {{- include "atelier.auth.mounts" $root | nindent 12 }}
            {{- if eq .component "order-status" }}
            {{- include "atelier.auth.verifyMounts" $root | nindent 12 }}
            {{- end }}
            {{- if and (eq .component "orders") $root.Values.catalog.existingSecret }}
            - {name: catalog, mountPath: /etc/atelier/catalog, readOnly: true}
            {{- end }}
            {{- if and (eq .component "orders") (include "atelier.trust.isGiven" $root.Values.catalog.tls) }}
            - {name: catalog-ca, mountPath: /etc/atelier/catalog-ca, readOnly: true}
            {{- end }}
            {{- with .values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: config
          configMap: {name: {{ $name }}}
        {{- include "atelier.database.volumes" . | nindent 8 }}
        {{- include "atelier.auth.volumes" $root | nindent 8 }}
        {{- if eq .component "order-status" }}
        {{- include "atelier.auth.verifyVolumes" $root | nindent 8 }}
        {{- end }}
        {{- if and (eq .component "orders") $root.Values.catalog.existingSecret }}
        - name: catalog
          secret:
            secretName: {{ $root.Values.catalog.existingSecret | quote }}
            items:
              - {key: {{ $root.Values.catalog.key | quote }}, path: token}
        {{- end }}
        {{- if eq .component "orders" }}
        {{- include "atelier.trust.volume" (dict "name" "catalog-ca" "tls" $root.Values.catalog.tls) | nindent 8 }}
        {{- end }}
        {{- with .values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end }}
