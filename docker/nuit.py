"""Le service « nuit » : une sauvegarde chaque nuit à CNAS_HEURE, puis attend la suivante. Un échec se dit, et se voit dans /cnas/sante."""
import datetime
import os
import re
import subprocess
import sys
import time

SAUVEGARDER = [sys.executable, "/opt/cnas/cnas", "sauvegarder"]


def attente(heure, maintenant):
    """Secondes d'ici la prochaine fois qu'il sera cette heure (HH:MM)."""
    voulue = maintenant.replace(hour=int(heure[:2]), minute=int(heure[3:]), second=0, microsecond=0)
    if voulue <= maintenant:
        voulue += datetime.timedelta(days=1)
    return (voulue - maintenant).total_seconds()


def principal():
    """Ne finit pas."""
    heure = os.environ.get("CNAS_HEURE", "02:00")
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", heure):
        sys.exit(f"CNAS_HEURE s'écrit HH:MM, en temps universel ; reçu : « {heure} ».")
    while True:
        time.sleep(attente(heure, datetime.datetime.now(datetime.timezone.utc)))
        if subprocess.run(SAUVEGARDER).returncode:
            sys.stderr.write("nuit : la sauvegarde a échoué ; /cnas/sante alertera si la dernière réussie vieillit.\n")


if __name__ == "__main__":
    principal()
