{{/* What every pod of the migrator has. Takes {root, component, args}. */}}
{{- define "atelier.migrations.podTemplate" -}}
{{- $root := .root -}}
{{- $values := $root.Values.migrations -}}
{{- $server := $root.Values.database.migrations -}}
{{- $at := dict "root" $root "host" (default $root.Values.database.host $server.host) "port" $server.port -}}
{{- $database := include "atelier.database.config" $at | fromYaml -}}
{{- $image := include "atelier.image" (dict "root" $root "image" $values.image) -}}
metadata:
  labels: {{- include "atelier.podLabels" (dict "root" $root "component" .component "values" $values) | nindent 4 }}
  annotations:
    atelier.dev/retry: {{ $values.retry | quote }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "atelier.pod.common" (dict "root" $root "values" $values) | nindent 2 }}
  restartPolicy: Never
  containers:
    - name: migrator
      image: {{ $image | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args: {{- toYaml .args | nindent 8 }}
      env:
        {{- range $key := keys $database | sortAlpha }}
        - {name: ATELIER_DATABASE__{{ upper $key }}, value: {{ get $database $key | quote }}}
        {{- end }}
        {{- if include "atelier.database.isSplit" $root }}
        {{- range $role := list "owner" "reader" "writer" }}
        - {name: ATELIER_DATABASE__ROLES__{{ upper $role }}, value: {{ get $root.Values.database.roles $role | quote }}}
        {{- end }}
        {{- end }}
        - {name: ATELIER_LOG__FORMAT, value: json}
        - {name: ATELIER_LOG__LEVEL, value: {{ $root.Values.log.level | quote }}}
        - {name: ATELIER_MIGRATIONS__DEADLINE_MS, value: {{ mul 1000 (int $values.patienceSeconds) | quote }}}
        - {name: ATELIER_MIGRATIONS__IMAGE, value: {{ $image | quote }}}
      securityContext: {{- include "atelier.container.securityContext" $root | nindent 8 }}
      resources: {{- toYaml $values.resources | nindent 8 }}
      terminationMessagePolicy: FallbackToLogsOnError
      volumeMounts:
        {{- include "atelier.database.mounts" $root | nindent 8 }}
  volumes:
    {{- include "atelier.database.volumes" (dict "root" $root "login" "migrator") | nindent 4 }}
{{- end }}

{{/*
A Job's spec, whose hash is part of its name: whatever changes the template, which no Job lets change, makes a new Job.
So nothing may stand here that changes without a reason, such as the chart's version. Takes {root, component, args}.
*/}}
{{- define "atelier.migrations.spec" -}}
activeDeadlineSeconds: {{ .root.Values.migrations.activeDeadlineSeconds }}
backoffLimit: {{ .root.Values.migrations.backoffLimit }}
# A wrong configuration, an edited file or a newer schema is the same at the next try; a lock or a lost connection is not.
podFailurePolicy:
  rules:
    - action: Ignore
      onPodConditions:
        - {type: DisruptionTarget, status: "True"}
    - action: FailJob
      onExitCodes: {containerName: migrator, operator: In, values: [64, 65, 66, 67]}
    - action: Count
      onExitCodes: {containerName: migrator, operator: In, values: [1, 75]}
template:
  {{- include "atelier.migrations.podTemplate" (dict "root" .root "component" .component "args" .args) | nindent 2 }}
{{- end }}

{{/*
The two Jobs, for the templates below: what brings the schema up, and what takes away under an approval. How they ended becomes
their pods' termination message. The operator makes the same Jobs; a test holds the two together.
*/}}
{{- define "atelier.migrations.expand" -}}
{{- dict "component" "migrations" "does" "migrate" "args" (list "up" "--report" "/dev/termination-log") | toJson }}
{{- end }}

{{- define "atelier.migrations.contract" -}}
{{- $args := list "up" "--contracts" "--approved-plan-hash" .Values.migrations.approvedPlanHash "--report" "/dev/termination-log" -}}
{{- dict "component" "contracts" "does" "contract" "args" $args | toJson }}
{{- end }}

{{/* These two take one of them with `root`. */}}
{{- define "atelier.migrations.jobName" -}}
{{ include "atelier.fullname" .root }}-{{ .does }}-{{ include "atelier.migrations.spec" . | sha256sum | trunc 10 }}
{{- end }}

{{- define "atelier.migrations.job" -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "atelier.migrations.jobName" . }}
  labels: {{- include "atelier.labels" (dict "root" .root "component" .component) | nindent 4 }}
spec:
  {{- include "atelier.migrations.spec" . | nindent 2 }}
{{- end }}
