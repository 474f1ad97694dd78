"""Airflow 1.10's operator: the file as it is in the wheel, with stand-ins for what it stands on.

All of Airflow 1.10 does not install on a Python of today. The operator takes three names of it.
"""

from __future__ import annotations

import logging
import os
import runpy
import sys
from importlib.metadata import files
from types import ModuleType


class AirflowException(Exception):  # noqa: N818 - Airflow's own name
    pass


class BaseOperator:
    def __init__(self, *args: object, task_id: str, **options: object) -> None:
        self.task_id = task_id
        self.log = logging.getLogger(task_id)


def stand_in(name: str, **members: object) -> None:
    sys.modules[name] = ModuleType(name)
    vars(sys.modules[name]).update(members)


stand_in("airflow")
stand_in("airflow.utils")
stand_in("airflow.utils.decorators", apply_defaults=lambda function: function)
stand_in("airflow.models", BaseOperator=BaseOperator)
stand_in("airflow.exceptions", AirflowException=AirflowException)
(path,) = (
    file.locate()
    for file in files("apache-airflow") or ()
    if str(file) == "airflow/contrib/operators/hipchat_operator.py"
)
operator = runpy.run_path(str(path))["HipChatAPISendRoomNotificationOperator"]
BASE = f"{os.environ['ROOT']}/v2"
TOKEN = os.environ["ROOM_TOKEN"]


def run(message: str, *, token: str = TOKEN, **options: object) -> None:
    task = operator(
        room_id="1",
        message=message,
        token=token,
        base_url=BASE,
        task_id="notify",
        **options,
    )
    task.execute({})


run("as it comes")
run("in <b>red</b>", color="red", frm="DAG", notify=True)
run("a text, at random", message_format="text", color="random")
# It sends every value as text, a card as what Python shows of it.
card = {"id": "1", "style": "application", "title": "Card", "format": "compact"}
run("with a card", card=card, color="green")
try:
    run("refused", token="wrong")
except AirflowException as error:
    assert "401" in str(error)
else:
    raise AssertionError("a wrong token was taken")
