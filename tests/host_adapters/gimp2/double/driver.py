"""Play GIMP on Python 2.7: ``driver.py PLUG_IN CHECKS [MODULE...]`` loads the plug-in and runs the checks."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    main = sys.argv[1]
    sys.path[:0] = [os.path.dirname(main), HERE, sys.argv[2]]
    import gimp

    execfile(main, {"__name__": "__main__"})
    gimp.state.query()
    import bench

    bench.run_checks(sys.stdout, sys.argv[3:])
