from . import contester, mission, signaler
