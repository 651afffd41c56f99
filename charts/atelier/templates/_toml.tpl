{{/* A map as TOML. Helm's own toToml writes whole numbers as floats and numbers of values files as texts. Takes {map, path}. */}}
{{- define "atelier.toml" -}}
{{- $path := .path -}}
{{- $map := .map -}}
{{- range $key := keys $map | sortAlpha -}}
{{- $value := get $map $key -}}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ $key }} = {{ include "atelier.toml.value" $value }}
{{- end -}}
{{- end -}}
{{- range $key := keys $map | sortAlpha -}}
{{- $value := get $map $key -}}
{{- if and (kindIs "map" $value) $value }}
{{- $section := ternary $key (printf "%s.%s" $path $key) (empty $path) }}
{{ printf "[%s]" $section }}
{{- include "atelier.toml" (dict "map" $value "path" $section) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "atelier.toml.value" -}}
{{- if typeIs "json.Number" . -}}
{{- . -}}
{{- else if kindIs "string" . -}}
{{- toJson . -}}
{{- else if kindIs "slice" . -}}
[{{- range $index, $item := . -}}{{- if $index }}, {{ end -}}{{- include "atelier.toml.value" $item -}}{{- end -}}]
{{- else if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}
