from . import mission, signaler
