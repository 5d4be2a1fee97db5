"""Pages of lists, and the settings of an account that tests change."""

import base64
import json

import rules
from moto.iam.exceptions import ValidationError

# Per account, changed through the control API: the largest page, the quota of roles.
DEFAULTS = {"page_cap": 100, "roles_quota": 1000}
settings = {}


def setting(account, name):
    return settings.get(account, {}).get(name, DEFAULTS[name])


def page(items, key, marker, max_items, cap):
    """One page. The marker names the last item, not a position: pages are no snapshot, and AWS may cut them short."""
    items = sorted(items, key=key)
    if marker:
        try:
            after = tuple(json.loads(base64.urlsafe_b64decode(marker)))
        except Exception:
            raise ValidationError(f"Invalid Marker: {marker}") from None
        items = [item for item in items if key(item) > after]
    size = min(int(max_items or 100), cap)
    if int(max_items or 100) not in range(1, 1001):
        rules.refuse(max_items, "maxItems", "Member must have value between 1 and 1000")
    if len(items) <= size:
        return items, None
    return items[:size], base64.urlsafe_b64encode(json.dumps(key(items[size - 1])).encode()).decode()
