"""Les journaux d'Odoo en une ligne JSON chacun, pour qui les rassemble (CNAS_JOURNAUX=json)."""
import datetime
import json
import logging
import os
import threading


class EnJson(logging.Formatter):
    """Un objet par ligne : instant, niveau, source, processus, base, message, trace ; la mesure de la requête s'il y en a une."""

    def format(self, record):
        fil = threading.current_thread()
        ligne = {
            "instant": datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc).isoformat(timespec="milliseconds"),
            "niveau": record.levelname, "source": record.name, "processus": record.process,
            "base": getattr(fil, "dbname", None), "message": record.getMessage()}
        if record.exc_info:
            ligne["trace"] = self.formatException(record.exc_info)
        if hasattr(fil, "query_count") and record.name == "werkzeug":
            ligne["requetes_sql"] = fil.query_count
        return json.dumps(ligne, ensure_ascii=False, default=str)


def post_load():
    """Odoo a déjà posé ses sorties : seule leur forme change."""
    if os.environ.get("CNAS_JOURNAUX") == "json":
        for sortie in logging.getLogger().handlers:
            # les journaux que l'on garde en base (`--log-db`) gardent leur forme
            if isinstance(sortie, logging.StreamHandler):
                sortie.setFormatter(EnJson())
