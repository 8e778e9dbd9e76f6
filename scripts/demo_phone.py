"""Judges the calls of the phone demonstration: python3 scripts/demo_phone.py OUT

Each call has to have been told the hours and the address of the business that was rung, and of no other, and to have
ended with the agent's goodbye. Exit 1 if one was not.
"""

import json
import pathlib
import sys

RUNG = {"riverside-dental", "cedar-and-comb", "northgate-auto"}
ASKED = ["hours.", "address"]


def faults(record):
    """What is wrong with a call, as words."""
    cited = [fact for turn in record["turns"] for fact in turn["cites"]]
    wrong = [f"no {fact} told" for fact in ASKED if not any(c.startswith(fact) for c in cited)]
    if record["ended"] != "agent_said_goodbye":
        wrong.append(f"ended: {record['ended']}")
    unheard = [turn["turn"] for turn in record["turns"] if turn["reply"] and not turn["heard"]]
    return wrong + [f"reply {turn} was not heard" for turn in unheard]


def main(out):
    records = [json.loads(path.read_text()) for path in sorted(out.glob("state/calls/*/*/call.json"))]
    is_well = True
    for record in records:
        wrong = faults(record)
        is_well &= not wrong
        seconds = record["duration_ms"] / 1000
        print(f"{record['business']:<18} {seconds:5.1f} s  {'; '.join(wrong) or 'told its hours and its address, goodbye'}")
        for turn in record["turns"][1:]:
            print(f"    caller: {turn['caller']}")
            print(f"    agent:  {turn['heard']}")
    missing = sorted(RUNG - {record["business"] for record in records})
    if missing or len(records) != len(RUNG):
        print(f"{len(records)} records for {len(RUNG)} calls; without one: {', '.join(missing) or 'none'}")
        is_well = False
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
