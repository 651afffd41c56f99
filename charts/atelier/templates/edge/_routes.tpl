{{/* What a route or an Ingress leads to, as YAML of a list of {paths, name, port}: the edge, or each service by its paths. */}}
{{- define "atelier.edge.backends" -}}
{{- if .Values.edge.nginx.enabled -}}
- paths: [/orders]
  name: {{ include "atelier.edge.fullname" . }}
  port: {{ .Values.edge.nginx.service.port }}
{{- else -}}
- paths: [/orders/user, /orders/created_by]
  name: {{ include "atelier.service.fullname" (dict "root" . "component" "orders") }}
  port: {{ .Values.orders.service.port }}
- paths: [/orders]
  name: {{ include "atelier.service.fullname" (dict "root" . "component" "order-status") }}
  port: {{ .Values.orderStatus.service.port }}
{{- end -}}
{{- end }}

{{/* The filters of each rule of the route, as YAML. */}}
{{- define "atelier.edge.filters" -}}
{{- $cors := .Values.edge.cors -}}
# Nobody says of themselves who they are.
- type: RequestHeaderModifier
  requestHeaderModifier:
    remove: [X-User-Id, X-Username, X-Roles, X-Gateway-Secret]
{{- if .Values.httpRoute.corsFilter }}
- type: CORS
  cors:
    allowOrigins: {{- toYaml $cors.origins | nindent 6 }}
    allowMethods: [GET, POST, PUT]
    allowHeaders: [Authorization, Content-Type, If-Match, If-None-Match, Idempotency-Key, traceparent]
    exposeHeaders: [ETag, Location, Retry-After, X-Request-Id, Idempotency-Replayed, WWW-Authenticate]
    {{- if $cors.credentials }}
    allowCredentials: true
    {{- end }}
    maxAge: 600
{{- end }}
{{- with .Values.httpRoute.filters }}
{{ toYaml . }}
{{- end }}
{{- end }}
