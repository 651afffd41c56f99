{{/*
The configuration of the NGINX in front: the files of edge/, which are those of k8s/edge. Those of one place (site.*.conf) are
written for an example; what is this release's own takes the place of that, as xtask/edge proves with the real NGINX.
*/}}

{{- define "atelier.edge.fullname" -}}
{{ include "atelier.fullname" . }}-edge
{{- end }}

{{/* Host and port of a service of this release. Takes {root, component, port}. */}}
{{- define "atelier.edge.upstream" -}}
{{ include "atelier.service.fullname" . }}.{{ .root.Release.Namespace }}.svc:{{ int .port }}
{{- end }}

{{/* Whom the edge asks, as YAML: scheme, host as it is named in requests, name and port, and the path. */}}
{{- define "atelier.edge.verifier" -}}
{{- with .Values.edge.nginx.verifier.url -}}
{{- $url := urlParse . -}}
{{- $port := regexFind ":[0-9]+$" $url.host -}}
scheme: {{ $url.scheme }}
host: {{ $url.host | quote }}
name: {{ trimSuffix $port $url.host | quote }}
address: {{ printf "%s%s" (trimSuffix $port $url.host) (default (ternary ":443" ":80" (eq $url.scheme "https")) $port) | quote }}
path: {{ printf "%s%s" (default "/" $url.path) (ternary (printf "?%s" $url.query) "" (ne $url.query "")) | quote }}
{{- else -}}
scheme: http
host: localhost
name: localhost
address: {{ include "atelier.edge.upstream" (dict "root" . "component" "order-status" "port" 9117) | quote }}
path: /auth/verify
{{- end -}}
{{- end }}

{{/* A file of edge/ as this release has it. Takes {root, file}. */}}
{{- define "atelier.edge.file" -}}
{{- $nginx := .root.Values.edge.nginx -}}
{{- $cors := .root.Values.edge.cors -}}
{{- $text := .root.Files.Get .file -}}
{{- $verifier := include "atelier.edge.verifier" .root | fromYaml -}}
{{- if hasSuffix "site.conf" .file -}}
{{- $origins := list -}}
{{- range without $cors.origins "*" -}}
{{- $origins = append $origins (printf "    \"%s\" $http_origin;" .) -}}
{{- end -}}
{{- $trusted := list -}}
{{- range $nginx.trustedHops -}}
{{- $trusted = append $trusted (printf "set_real_ip_from %s;" .) -}}
{{- end -}}
{{- $text = $text
  | replace "127.0.0.1:5017" (include "atelier.edge.upstream" (dict "root" .root "component" "order-status" "port" .root.Values.orderStatus.service.port))
  | replace "127.0.0.1:5019" (include "atelier.edge.upstream" (dict "root" .root "component" "orders" "port" .root.Values.orders.service.port))
  | replace "127.0.0.1:9117" $verifier.address
  | replace "    \"https://shop.example.com\" $http_origin;" (join "\n" $origins)
  | replace "$cors_origin {\n    default \"\";" (printf "$cors_origin {\n    default %q;" (ternary "*" "" (has "*" $cors.origins)))
  | replace "$cors_credentials {\n    default \"\";" (printf "$cors_credentials {\n    default %q;" (ternary "true" "" $cors.credentials))
  | replace "rate=50r/s" (printf "rate=%dr/s" (int $nginx.rate.perSecond))
-}}
{{- if $trusted -}}
{{- $text = $text
  | replace "# set_real_ip_from 10.0.0.0/8;" (join "\n" $trusted)
  | replace "# real_ip_" "real_ip_"
-}}
{{- end -}}
{{- else if hasSuffix "site.server.conf" .file -}}
{{- $text = $text | replace "burst=100" (printf "burst=%d" (int $nginx.rate.burst)) -}}
{{- else if hasSuffix "site.verifier.conf" .file -}}
{{- $text = $text
  | replace "http://verifier/auth/verify" (printf "%s://verifier%s" $verifier.scheme $verifier.path)
  | replace "Host localhost" (printf "Host %s" $verifier.host)
-}}
{{- if eq $verifier.scheme "https" -}}
{{- $text = printf "%s\n%s" ($text | trim) (include "atelier.edge.verifierTls" (dict "root" .root "name" $verifier.name)) -}}
{{- end -}}
{{- end -}}
{{- $text | trim -}}
{{- end }}

{{/* How the verifier proves itself. Takes {root, name}. */}}
{{- define "atelier.edge.verifierTls" -}}
proxy_ssl_server_name on;
proxy_ssl_name {{ .name }};
proxy_ssl_verify on;
proxy_ssl_verify_depth 4;
proxy_ssl_trusted_certificate {{ ternary "/etc/atelier/verifier-ca/ca.crt" "/etc/ssl/certs/ca-certificates.crt" (ne .root.Values.edge.nginx.verifier.caSecret "") }};
{{- end }}

{{/* All files, by their names, as YAML. */}}
{{- define "atelier.edge.files" -}}
{{- $root := . -}}
{{- range $path, $_ := .Files.Glob "edge/*" }}
{{ base $path }}: |
  {{- include "atelier.edge.file" (dict "root" $root "file" $path) | nindent 2 }}
{{- end }}
{{- end }}

{{- define "atelier.edge.image" -}}
{{- with .Values.edge.nginx.image -}}
{{ .repository }}{{ ternary (printf "@%s" .digest) (printf ":%s" .tag) (ne .digest "") }}
{{- end -}}
{{- end }}
