-- Health of a Repository for Argo CD, from its conditions: Healthy when jobs can run on it, Degraded when a person must act,
-- Progressing as long as the operator goes on by itself. Needs no library.
local health = { status = "Progressing", message = "the operator has not looked at it yet" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local is = {}
for _, condition in ipairs(obj.status.conditions) do
  is[condition.type] = condition.status == "True"
  if condition.type == "Ready" then
    health.message = condition.reason .. ": " .. condition.message
  end
end
if is.Stalled then
  health.status = "Degraded"
elseif is.Ready then
  health.status = "Healthy"
end
return health
