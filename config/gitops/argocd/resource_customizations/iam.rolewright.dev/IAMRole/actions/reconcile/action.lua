local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
-- Any new value is a request.
obj.metadata.annotations["rolewright.dev/reconcile-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
