{{/*
A map as TOML. Helm's own toToml writes whole numbers as floats and numbers of values files as texts.
Maps become sections; inside lists, where there can be none, they stay on their line. Takes {map, path}.
*/}}
{{- define "atelier.toml" -}}
{{- $path := .path -}}
{{- $map := .map -}}
{{- range $key := keys $map | sortAlpha -}}
{{- $value := get $map $key -}}
{{- if not (or (kindIs "map" $value) (kindIs "invalid" $value)) }}
{{ include "atelier.toml.key" $key }} = {{ include "atelier.toml.value" $value }}
{{- end -}}
{{- end -}}
{{- range $key := keys $map | sortAlpha -}}
{{- $value := get $map $key -}}
{{- if and (kindIs "map" $value) $value }}
{{- $name := include "atelier.toml.key" $key -}}
{{- $section := ternary $name (printf "%s.%s" $path $name) (empty $path) }}
{{ printf "[%s]" $section }}
{{- include "atelier.toml" (dict "map" $value "path" $section) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "atelier.toml.key" -}}
{{- if regexMatch "^[A-Za-z0-9_-]+$" . -}}{{- . -}}{{- else -}}{{- toJson . -}}{{- end -}}
{{- end }}

{{- define "atelier.toml.value" -}}
{{- if typeIs "json.Number" . -}}
{{- . -}}
{{- else if kindIs "string" . -}}
{{- toJson . -}}
{{- else if kindIs "slice" . -}}
[{{- range $index, $item := . -}}{{- if $index }}, {{ end -}}{{- include "atelier.toml.value" $item -}}{{- end -}}]
{{- else if kindIs "map" . -}}
{{- $map := . -}}
{ {{- range $index, $key := keys . | sortAlpha -}}{{- if $index }}, {{ end -}}{{- include "atelier.toml.key" $key }} = {{ include "atelier.toml.value" (get $map $key) -}}{{- end -}} }
{{- else if kindIs "float64" . -}}
{{- if eq (floor .) . -}}{{- int64 . -}}{{- else -}}{{- . -}}{{- end -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}
