"""A small conflict folder in Flee's format for tests: written whole, or with some files changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

LOCATIONS = """#name,region,country,lat,lon,location_type,conflict_date,population
Battle_Town,North,Home_Land,1.0,10.0,conflict_zone,0,60000
Second_Front,South,Home_Land,0.4,10.3,conflict_zone,4,20000
Crossroads,North,Home_Land,1.3,10.6,town,,5000
Shelter,North,Home_Land,1.6,10.2,idpcamp,,
East_Camp,Border,Away,1.5,11.5,camp,,3000
Far_Camp,Inland,Away,2.2,12.0,camp,,9000
South_Camp,Coast,Third,0.2,11.3,camp,,2500
"""
ROUTES = """#name1,name2,distance,forced_redirection
Battle_Town,Crossroads,60,0
Second_Front,Battle_Town,80,0
Crossroads,East_Camp,90,0
Crossroads,Shelter,40,0
East_Camp,Far_Camp,110,0
Second_Front,South_Camp,120,0
"""
#: The road to the camp in the third country closes for good on day 20, the second front opens on day 4.
FILES: Mapping[str, str] = MappingProxyType({
    "input_csv/locations.csv": LOCATIONS,
    "input_csv/routes.csv": ROUTES,
    "input_csv/closures.csv": "#closure_type,name1,name2,closure_start,closure_end\nlink,Second_Front,South_Camp,20,0\n",
    "input_csv/conflicts.csv": "#Day,Battle_Town,Second_Front\n" + "".join(f"{day},1,{int(day >= 4)}\n" for day in range(41)),
    "input_csv/sim_period.csv": "StartDate,2020-01-01\nLength,40\n",
    "input_csv/registration_corrections.csv": "",
    "source_data/data_layout.csv":
        "total,refugees.csv\nShelter,shelter.csv\nEast_Camp,east.csv\nFar_Camp,far.csv\nSouth_Camp,south.csv\n",
    "source_data/refugees.csv": "2020-01-01,300\n2020-02-09,12000\n",
    "source_data/shelter.csv": "2020-01-01,100\n2020-02-09,1500\n",
    "source_data/east.csv": "2020-01-01,200\n2020-01-20,2900\n2020-02-09,3000\n",
    "source_data/far.csv": "2020-01-01,0\n2020-02-09,5100\n",
    "source_data/south.csv": "2020-01-01,0\n2020-02-09,2400\n",
})  # fmt: skip


def write_conflict(folder: Path, changes: Mapping[str, str | None] | None = None) -> Path:
    """Write the folder; a change of ``None`` leaves a file out."""
    for name, text in {**FILES, **(changes or {})}.items():
        if text is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8"))
    return folder
