-- An IAMRole follows the conventions of kstatus: status.observedGeneration, the conditions Reconciling and Stalled,
-- which are there only while they are True, and the summary Ready.
local status = obj.status or {}
local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  if condition.status == "True" or condition.type == "Ready" then
    conditions[condition.type] = condition
  end
end

local ready = conditions.Ready
if ready == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "rolewright has not seen this generation yet" }
end

local health = { message = ready.reason .. ": " .. ready.message }
if conditions.Stalled then
  health.status = "Degraded"
elseif conditions.Reconciling then
  health.status = "Progressing"
elseif ready.status == "True" or conditions.Expired then
  -- A role whose lifetime is over is as it should be: it holds up no sync wave.
  health.status = "Healthy"
else
  -- Neither at work nor stuck, because somebody wants it so: paused, or observed only.
  health.status = "Suspended"
end
return health
