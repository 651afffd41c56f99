{{/* Names and labels. Whatever a person chose is quoted where it is used: a release may be named 42. */}}

{{- define "atelier.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Prefix of every object's name: short enough that a component's name fits behind it, and no Service may begin with a digit. */}}
{{- define "atelier.fullname" -}}
{{- $name := include "atelier.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if regexMatch "^[0-9]" .Release.Name -}}
{{- printf "%s-%s" $name .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "atelier.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "atelier.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* What tells a component's pods from all others. Takes {root, component}. */}}
{{- define "atelier.selector" -}}
app.kubernetes.io/name: {{ include "atelier.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/* Labels of a component's pods: what the values say never takes the place of a selector. Takes {root, component, values}. */}}
{{- define "atelier.podLabels" -}}
{{- $selector := include "atelier.selector" . | fromYaml -}}
{{- toYaml (mergeOverwrite (dict) .root.Values.commonLabels .values.podLabels $selector) -}}
{{- end }}

{{/* Labels of an object. Takes {root, component} and, for some objects, `more`. */}}
{{- define "atelier.labels" -}}
{{- $own := dict
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/part-of" "atelier"
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_")
-}}
{{- $fixed := include "atelier.selector" . | fromYaml -}}
{{- $_ := set $fixed "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- toYaml (mergeOverwrite $own .root.Values.commonLabels (default (dict) .more) $fixed) -}}
{{- end }}

{{/* An image's full name; a digest wins over a tag. Takes {root, image}. */}}
{{- define "atelier.image" -}}
{{- $name := printf "%s/%s" (.root.Values.image.registry | trimSuffix "/") .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name (coalesce .image.tag .root.Values.image.tag .root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}
