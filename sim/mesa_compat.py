"""Where Mesa 3.3 and 3.5 differ, or have defects that matter to us."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from weakref import WeakKeyDictionary

import mesa


class _WeakCounters(WeakKeyDictionary[mesa.Model, "Iterator[int]"]):
    """Counters of agent ids by model that do not keep the model alive."""

    def __getitem__(self, model: mesa.Model) -> Iterator[int]:
        """Return the model's counter, a new one from 1 for a model not seen before."""
        counter: Iterator[int] = self.setdefault(model, itertools.count(1))
        return counter


def free_dead_models() -> None:
    """Let models be freed on Mesa 3.3, whose ``Agent._ids`` keeps every model for ever (mesa#3179).

    Later versions have no such dictionary and are left alone.
    """
    counters = getattr(mesa.Agent, "_ids", None)
    if isinstance(counters, dict):
        weak = _WeakCounters()
        weak.update(counters)
        mesa.Agent._ids = weak


def take_back_days(collector: mesa.DataCollector, days: int) -> None:
    """Forget what a collector collected after the first ``days`` days."""
    for values in collector.model_vars.values():
        del values[days:]
    for records in (collector._agent_records, collector._agenttype_records):
        for step in [step for step in records if step > days]:
            del records[step]
