"""Makes the district of the fan-out bench: a copy of the kit's, in which 5,000 guardians follow the same student.

python -m tests.bench.peers.live_district KIT COPY
"""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.bench.peers.prepare import clear

GUARDIANS = 5_000

FOLLOWED = "(select min(student_id) from guardian_students where guardian_id = 1)"
ADD = """
with recursive number(n) as (select 1 union all select n + 1 from number where n < ?)
insert into guardians (id, name, email)
select n, 'Guardian ' || n, '' from number where n not in (select id from guardians)"""


def make(kit: Path, copy: Path) -> None:
    """Copy the district; its first guardian's first student gets thousands of guardians more."""
    with closing(sqlite3.connect(f"file:{kit}?mode=ro", uri=True)) as source, closing(sqlite3.connect(copy)) as made:
        source.backup(made)
        with made:
            made.execute(ADD, (GUARDIANS,))
            made.execute(
                f"insert or ignore into guardian_students select id, {FOLLOWED} from guardians where id <= ?",
                (GUARDIANS,),
            )


if __name__ == "__main__":
    make(Path(sys.argv[1]), clear(Path(sys.argv[2])))
