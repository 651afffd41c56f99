{{/*
The Job's spec, whose hash is part of its name: whatever changes the template, which no Job lets change, makes a new Job.
So nothing may stand here that changes without a reason, such as the chart's version.
*/}}
{{- define "atelier.migrations.spec" -}}
{{- $values := .Values.migrations -}}
{{- $database := include "atelier.database.config" (dict "root" . "host" .Values.database.host) | fromYaml -}}
{{- $image := include "atelier.image" (dict "root" . "image" $values.image) -}}
activeDeadlineSeconds: {{ $values.activeDeadlineSeconds }}
backoffLimit: {{ $values.backoffLimit }}
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
  metadata:
    labels:
      {{- include "atelier.selector" (dict "root" . "component" "migrations") | nindent 6 }}
      {{- with mergeOverwrite (dict) .Values.commonLabels $values.podLabels }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    annotations:
      atelier.dev/retry: {{ $values.retry | quote }}
      {{- with $values.podAnnotations }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  spec:
    {{- include "atelier.pod.common" (dict "root" . "values" $values) | nindent 4 }}
    restartPolicy: Never
    containers:
      - name: migrator
        image: {{ $image }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        args: [up]
        env:
          {{- range $key := keys $database | sortAlpha }}
          - {name: ATELIER_DATABASE__{{ upper $key }}, value: {{ get $database $key | quote }}}
          {{- end }}
          {{- if include "atelier.database.isSplit" . }}
          {{- range $role := list "owner" "reader" "writer" }}
          - {name: ATELIER_DATABASE__ROLES__{{ upper $role }}, value: {{ get $.Values.database.roles $role | quote }}}
          {{- end }}
          {{- end }}
          - {name: ATELIER_LOG__FORMAT, value: json}
          - {name: ATELIER_LOG__LEVEL, value: {{ .Values.log.level | quote }}}
          - {name: ATELIER_MIGRATIONS__DEADLINE_MS, value: {{ mul 1000 (int $values.patienceSeconds) | quote }}}
          - {name: ATELIER_MIGRATIONS__IMAGE, value: {{ $image | quote }}}
        securityContext: {{- include "atelier.container.securityContext" . | nindent 10 }}
        resources: {{- toYaml $values.resources | nindent 10 }}
        terminationMessagePolicy: FallbackToLogsOnError
        volumeMounts:
          {{- include "atelier.database.mounts" . | nindent 10 }}
    volumes:
      {{- include "atelier.database.volumes" (dict "root" . "login" "migrator") | nindent 6 }}
{{- end }}

{{- define "atelier.migrations.jobName" -}}
{{ include "atelier.fullname" . }}-migrate-{{ include "atelier.migrations.spec" . | sha256sum | trunc 10 }}
{{- end }}
