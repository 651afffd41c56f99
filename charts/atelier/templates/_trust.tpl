{{/* An authority that signed somebody's certificate: a Secret or a ConfigMap, mounted as a folder. */}}

{{- define "atelier.trust.isGiven" -}}
{{- if or .caSecret .caConfigMap -}}true{{- end -}}
{{- end }}

{{/* Takes {name, tls} and perhaps the file's name. */}}
{{- define "atelier.trust.volume" -}}
{{- $items := list (dict "key" .tls.caKey "path" (default "ca.crt" .file)) -}}
{{- if .tls.caSecret }}
- name: {{ .name }}
  secret: {{- toYaml (dict "secretName" .tls.caSecret "items" $items) | nindent 4 }}
{{- else if .tls.caConfigMap }}
- name: {{ .name }}
  configMap: {{- toYaml (dict "name" .tls.caConfigMap "items" $items) | nindent 4 }}
{{- end }}
{{- end }}
