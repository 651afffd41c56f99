-- How Argo CD should see a SchemaMigration, by the conditions that kstatus knows.
-- In the ConfigMap argocd-cm: resource.customizations.health.migrations.atelier.dev_SchemaMigration
local health = { status = "Progressing", message = "no controller has seen it yet" }
local status = obj.status
if status == nil or status.conditions == nil then
  return health
end
if status.observedGeneration == nil or status.observedGeneration < obj.metadata.generation then
  health.message = "the controller has not seen this generation yet"
  return health
end
local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end
local function is(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end
local ready = conditions["Ready"] or {}
health.message = (ready.reason or "") .. ": " .. (ready.message or "")
if is("Stalled") then
  health.status = "Degraded"
elseif is("DriftDetected") then
  health.status = "Degraded"
  health.message = "DriftDetected: " .. (conditions["DriftDetected"].message or "")
elseif is("Ready") then
  health.status = "Healthy"
elseif ready.reason == "AwaitingApproval" then
  health.status = "Suspended"
end
return health
