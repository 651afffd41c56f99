{{/* What tells one service from the other; everything else is _service.tpl's. */}}

{{- define "atelier.orderStatus" -}}
component: order-status
login: writer
# Connections of a pod, by its defaults.
readConnections: 2
writeConnections: 2
port: 5017
opsPort: 9017
config: |
  {{- if .Values.auth.verify.enabled }}
  auth:
    verify_listen: "{{ .Values.bindAddress }}:9117"
    {{- include "atelier.auth.verifyKeys" . | nindent 4 }}
  {{- else }}
  {}
  {{- end }}
{{- end }}

{{- define "atelier.orders" -}}
component: orders
login: reader
readConnections: 2
writeConnections: 0
port: 5019
opsPort: 9019
config: |
  catalog:
    url: {{ .Values.catalog.url | quote }}
    {{- if .Values.catalog.existingSecret }}
    token_file: /etc/atelier/catalog/token
    {{- end }}
    {{- if include "atelier.trust.isGiven" .Values.catalog.tls }}
    ca_file: /etc/atelier/catalog-ca/ca.crt
    {{- end }}
{{- end }}

