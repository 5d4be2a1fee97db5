if obj.metadata.annotations ~= nil then
  -- Not nil: Argo CD gives an object that became empty its former content back, and the last annotation would stay.
  obj.metadata.annotations["rolewright.dev/paused"] = "false"
end
return obj
