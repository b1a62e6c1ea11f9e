from . import test_demonstration
