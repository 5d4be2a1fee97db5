local annotations = obj.metadata.annotations or {}
local paused = annotations["rolewright.dev/paused"] == "true"

return {
  ["pause"] = { ["disabled"] = paused },
  ["resume"] = { ["disabled"] = not paused },
  -- While it is paused, a request waits.
  ["reconcile"] = { ["disabled"] = paused },
}
