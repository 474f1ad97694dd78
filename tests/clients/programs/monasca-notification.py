"""monasca-notification: its notifier for HipChat, which posts a form to an address with a token."""

from __future__ import annotations

import logging
import os
from types import SimpleNamespace

from monasca_notification.plugins import hipchat_notifier
from oslo_config import cfg

hipchat_notifier.register_opts(cfg.CONF)
cfg.CONF([])
cfg.CONF.set_override(
    "ca_certs", os.environ["REQUESTS_CA_BUNDLE"], group="hipchat_notifier"
)
notifier = hipchat_notifier.HipChatNotifier(logging.getLogger("monasca"))


def tell(severity: str, token: str) -> bool:
    address = f"{os.environ['ROOT']}/v2/room/1/notification?auth_token={token}"
    alarm = {
        "alarmDefinitionId": "0",
        "alarmDescription": 'more than "90" %',
        "oldState": "OK",
    }
    done: bool = notifier.send_notification(
        SimpleNamespace(
            address=address,
            alarm_id="1",
            raw_alarm=alarm,
            alarm_name="load",
            alarm_timestamp=1_400_000_000,
            state="ALARM",
            message=f"of severity {severity}",
            tenant_id="2",
            metrics=[{"name": "cpu", "dimensions": {"hostname": "web1"}}],
            severity=severity,
        )
    )
    return done


for severity in ("LOW", "MEDIUM", "HIGH", "CRITICAL", "OTHER"):
    assert tell(severity, os.environ["ROOM_TOKEN"])
assert not tell("LOW", "wrong")
