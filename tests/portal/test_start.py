"""What a process loads when it starts, and what it leaves to the first request that needs it (decision 0072)."""

import subprocess
import sys

ASKED = (
    "import sys; import portal.app;"
    "print(*sorted({name.split('.')[0] for name in sys.modules} & {'bokeh', 'openpyxl', 'alembic', 'numpy'}));"
    "from portal.dashboards import views; print(bool(views.charts.VERSION), 'bokeh' in sys.modules)"
)


def test_charts_spreadsheets_alembic_and_numpy_wait_for_the_first_request_that_needs_them():
    shown = subprocess.run([sys.executable, "-W", "ignore", "-c", ASKED], capture_output=True, text=True, check=True)
    assert shown.stdout == "\nTrue True\n"
