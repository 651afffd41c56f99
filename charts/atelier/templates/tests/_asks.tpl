{{/* What `helm test` asks, one container a question: the images hold one program each, and the services' can ask. */}}

{{/* Takes {root, name, service, path} and perhaps method, body, headers, token (a file's name), expect. */}}
{{- define "atelier.tests.ask" -}}
{{- $root := .root -}}
{{- $name := include "atelier.fullname" $root -}}
{{- $service := dict
  "order-status" (printf "%s-order-status:%v" $name $root.Values.orderStatus.service.port)
  "orders" (printf "%s-orders:%v" $name $root.Values.orders.service.port)
  "order-status-ops" (printf "%s-order-status-ops:9017" $name)
  "orders-ops" (printf "%s-orders-ops:9019" $name)
-}}
- name: {{ .name }}
  image: {{ include "atelier.image" (dict "root" $root "image" $root.Values.orders.image) | quote }}
  imagePullPolicy: {{ $root.Values.image.pullPolicy }}
  args:
    - ask
    - --expect={{ default 200 .expect }}
    {{- with .method }}
    - --method={{ . }}
    {{- end }}
    {{- with .body }}
    - {{ printf "--body=%s" (toJson .) | quote }}
    {{- end }}
    {{- range .headers }}
    - {{ printf "--header=%s" . | quote }}
    {{- end }}
    {{- with .token }}
    - --bearer-file=/etc/atelier/{{ . }}/token
    {{- end }}
    - {{ printf "http://%s%s" (get $service .service) .path | quote }}
  securityContext: {{- include "atelier.container.securityContext" $root | nindent 4 }}
  resources: {{- toYaml $root.Values.test.resources | nindent 4 }}
  terminationMessagePolicy: FallbackToLogsOnError
  {{- with .token }}
  volumeMounts:
    - {name: {{ . }}, mountPath: /etc/atelier/{{ . }}, readOnly: true}
  {{- end }}
{{- end }}

{{/* The questions that change nothing. */}}
{{- define "atelier.tests.reading" -}}
{{- $test := .Values.test -}}
{{ include "atelier.tests.ask" (dict "root" . "name" "order-status-ready" "service" "order-status-ops" "path" "/readyz") }}
{{ include "atelier.tests.ask" (dict "root" . "name" "orders-ready" "service" "orders-ops" "path" "/readyz") }}
{{- if ne .Values.auth.mode "open" }}
{{ include "atelier.tests.ask" (dict "root" . "name" "order-status-401" "service" "order-status" "path" "/orders/1" "expect" 401) }}
{{ include "atelier.tests.ask" (dict "root" . "name" "orders-401" "service" "orders" "path" "/orders/user/nobody" "expect" 401) }}
{{- end }}
{{- if $test.tokenSecret }}
{{ include "atelier.tests.ask" (dict "root" . "name" "list" "service" "orders" "path" (printf "/orders/user/%s" (urlquery $test.userId)) "token" "token") }}
{{- end }}
{{- end }}

{{/* From created to paid: the order is made once, and each step may be said again. */}}
{{- define "atelier.tests.walk" -}}
{{- $root := . -}}
{{- $test := .Values.test -}}
{{- $id := int64 $test.walk.orderId -}}
{{- $order := dict "order_id" $id "requester_id" $test.userId "created_by" $test.walk.creator -}}
{{- $key := printf "Idempotency-Key: helm-test-%d" $id -}}
{{ include "atelier.tests.ask" (dict "root" . "name" "walk-created" "service" "order-status" "path" "/orders/" "method" "POST" "body" $order "headers" (list $key) "token" "token" "expect" 201) }}
{{- range $step := list (list "requested" "token") (list "accepted" "creator") (list "completed" "creator") (list "paid" "token") }}
{{- $stage := first $step }}
{{ include "atelier.tests.ask" (dict "root" $root "name" (printf "walk-%s" $stage) "service" "order-status" "path" (printf "/orders/%d/update" $id) "method" "PUT" "body" (dict "state_type" $stage "new_value" true) "token" (last $step)) }}
{{- end }}
{{- end }}
