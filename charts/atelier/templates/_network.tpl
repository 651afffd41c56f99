{{/* Who may connect to which pods, and whither they may. */}}

{{/* A port of a URL: its own, or its scheme's. */}}
{{- define "atelier.network.port" -}}
{{- $url := urlParse . -}}
{{- $own := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- default (ternary "443" "80" (eq $url.scheme "https")) $own -}}
{{- end }}

{{/* One direction of one port, as YAML of a list; nothing where there are no peers. Takes {way, peers, port}. */}}
{{- define "atelier.network.rule" -}}
{{- if .peers }}
- {{ .way }}: {{- toYaml .peers | nindent 4 }}
  {{- with .port }}
  ports:
    - {protocol: TCP, port: {{ . }}}
  {{- end }}
{{- end }}
{{- end }}

{{/* Whither every pod may connect, when egress is closed: the name service and the database. */}}
{{- define "atelier.network.commonEgress" -}}
{{- with .Values.networkPolicy.egress.dns }}
- to: {{- toYaml . | nindent 4 }}
  ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end }}
{{- include "atelier.network.rule" (dict "way" "to" "peers" .Values.networkPolicy.egress.database "port" .Values.database.port) }}
{{- end }}

{{/* The same for the migrator, which goes round a pooler. */}}
{{- define "atelier.network.migratorEgress" -}}
{{- include "atelier.network.commonEgress" . }}
{{- with .Values.database.migrations.port }}
{{- include "atelier.network.rule" (dict "way" "to" "peers" $.Values.networkPolicy.egress.database "port" .) }}
{{- end }}
{{- end }}

{{- define "atelier.service.networkPolicy" -}}
{{- $root := .root -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- $edge := dict "podSelector" (dict "matchLabels" (include "atelier.selector" (dict "root" $root "component" "edge") | fromYaml)) -}}
{{- $test := dict "podSelector" (dict "matchLabels" (include "atelier.selector" (dict "root" $root "component" "test") | fromYaml)) -}}
{{- if $policy.enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "atelier.service.fullname" . }}
  labels: {{- include "atelier.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "atelier.selector" . | nindent 6 }}
  policyTypes: [Ingress{{ if $policy.egress.enabled }}, Egress{{ end }}]
  # Pods of this release that ask for others, or test, may do what the peers may; the kubelet's probes come from the node.
  ingress:
    {{- if $policy.gatewayFrom }}
    {{- include "atelier.network.rule" (dict "way" "from" "peers" (concat $policy.gatewayFrom (list $edge $test)) "port" "http") | nindent 4 }}
    {{- else if eq $root.Values.auth.mode "gateway" }}
    {{- include "atelier.network.rule" (dict "way" "from" "peers" (list $edge $test) "port" "http") | nindent 4 }}
    {{- else }}
    - ports:
        - {protocol: TCP, port: http}
    {{- end }}
    {{- include "atelier.network.rule" (dict "way" "from" "peers" (concat $policy.prometheusFrom (list $test)) "port" "ops") | nindent 4 }}
    {{- if and (eq .component "order-status") $root.Values.auth.verify.enabled }}
    {{- include "atelier.network.rule" (dict "way" "from" "peers" (concat $policy.verifyFrom (list $edge)) "port" "verify") | nindent 4 }}
    {{- end }}
  {{- with $policy.egress }}
  {{- if .enabled }}
  egress:
    {{- include "atelier.network.commonEgress" $root | nindent 4 }}
    {{- if eq $.component "orders" }}
    {{- include "atelier.network.rule" (dict "way" "to" "peers" .catalog "port" (include "atelier.network.port" $root.Values.catalog.url)) | nindent 4 }}
    {{- end }}
    {{- with $root.Values.auth.jwks.url }}
    {{- include "atelier.network.rule" (dict "way" "to" "peers" $policy.egress.issuer "port" (include "atelier.network.port" .)) | nindent 4 }}
    {{- end }}
    {{- include "atelier.network.rule" (dict "way" "to" "peers" .telemetry) | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end }}
