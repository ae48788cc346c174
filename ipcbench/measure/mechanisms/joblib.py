"""joblib.Parallel over its copy of loky: a list of tasks in, a list of results out, in batches.

A call takes no further tasks while it runs, so each way is a call of Parallel: apply for one task, map for all in
batches of one, map-chunked in batches as Pool.map would cut. With one worker it runs tasks in the caller. Source:
https://joblib.readthedocs.io.
"""

from ipcbench.measure.transports.loky import LOKY, JoblibPool

MECHANISM = LOKY._replace(
    name="joblib",
    title="joblib.Parallel, loky",
    short="joblib",
    requires=("joblib",),
    extra="joblib",
    executor=JoblibPool,
    least_workers=2,
    operations=("apply", "map", "map-chunked"),
    caveats=(
        "a call of Parallel takes some 10 ms whatever it is given: give it many tasks",
        *LOKY.caveats,
        "its executor is one for the whole process, and goes on after a call",
    ),
)
