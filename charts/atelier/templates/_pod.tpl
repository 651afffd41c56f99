{{/* What every pod has: no token, no service links, no right that it does not need. */}}

{{/* Takes {root, values} of a component. */}}
{{- define "atelier.pod.common" -}}
serviceAccountName: {{ include "atelier.serviceAccountName" .root | quote }}
automountServiceAccountToken: false
# A Service named atelier-orders would become ATELIER_ORDERS_PORT in every pod, which reads like a key of ours.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
The user is the image's own, a number. It has no line in an /etc/passwd, and to such a user container runtimes give root's
group. The pod's own securityContext cannot say it: there, a group without a user is refused by the runtime.
*/}}
{{- define "atelier.container.securityContext" -}}
runAsGroup: 65532
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}
