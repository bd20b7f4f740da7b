-- Health of a Restore for Argo CD, from its conditions: Healthy when it is FINISHED, or when it did not run because
-- its `startBefore` is over, Degraded when a person must act, Progressing as long as the operator goes on by itself.
-- Needs no library.
local health = { status = "Progressing", message = "the operator has not looked at it yet" }
if obj.status == nil or obj.status.conditions == nil then
  return health
end
if obj.status.observedGeneration ~= obj.metadata.generation then
  return health
end

local is = {}
local reason
for _, condition in ipairs(obj.status.conditions) do
  is[condition.type] = condition.status == "True"
  if condition.type == "Ready" then
    reason = condition.reason
    health.message = condition.reason .. ": " .. condition.message
  end
end
-- A Restore kept in Git finds a rebuilt cluster as it is wished: nothing is to be restored there.
if is.Ready or reason == "StartBeforeOver" then
  health.status = "Healthy"
elseif is.Stalled then
  health.status = "Degraded"
end
return health
