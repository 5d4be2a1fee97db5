local annotations = obj.metadata.annotations or {}
-- Anything but `false` counts.
local paused = (annotations["rolewright.dev/paused"] or "false") ~= "false"

return {
  ["pause"] = { ["disabled"] = paused },
  ["resume"] = { ["disabled"] = not paused },
  -- While it is paused, a request waits.
  ["reconcile"] = { ["disabled"] = paused },
}
