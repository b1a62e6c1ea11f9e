import shutil

from odoo import models, tools


class Metriques(models.AbstractModel):
    """Ce que Prometheus lit de la suite : `/cnas/metriques`."""

    _inherit = "cnas.sante"

    def _metriques(self):
        """Rend ce que dit `_relever` au format texte de Prometheus, et ce dont une courbe se tire."""
        releve, disque = self._relever(), shutil.disk_usage(tools.config["data_dir"])
        self.env.cr.execute("""
            SELECT pg_database_size(current_database()), (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
                   (SELECT COALESCE(EXTRACT(epoch FROM now() AT TIME ZONE 'UTC' - min(GREATEST(date_created, eta))), 0) FROM queue_job
                     WHERE state IN ('pending', 'enqueued') AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')),
                   (SELECT count(*) FROM ir_attachment WHERE store_fname IS NOT NULL)""")
        taille, connexions, attente, fichiers = self.env.cr.fetchone()
        sauvegarde, journal = releve["sauvegarde_heures"], releve["journal"]
        familles = [
            ("base_octets", "Taille de la base", [("", taille)]),
            ("base_connexions", "Connexions ouvertes à la base", [("", connexions)]),
            ("taches", "Tâches de fond, par état", [(f'{{etat="{etat}"}}', nombre) for etat, nombre in releve["taches"].items()]),
            ("tache_attente_secondes", "Depuis quand attend la plus vieille tâche à faire", [("", int(attente))]),
            ("disque_libre_octets", "Place libre où sont les fichiers", [("", disque.free)]),
            ("disque_octets", "Taille du disque où sont les fichiers", [("", disque.total)]),
            ("sauvegarde_age_heures", "Âge de la dernière sauvegarde réussie", [] if sauvegarde is None else [("", sauvegarde)]),
            ("journal_intact", "Le journal se relit (1) ou non (0), à la dernière vérification",
             [("", int(journal["intact"]))] if journal else []),
            ("fichiers", "Fichiers que la base cite", [("", fichiers)]),
            ("fichiers_abimes", "Fichiers perdus ou altérés qui attendent", [("", releve["fichiers_abimes"])]),
            ("alerte", "1 si l'alerte de /cnas/sante est levée",
             [(f'{{alerte="{code}"}}', int(bool(levee))) for code, levee in self._alertes(releve)]),
        ]
        return "".join(f"# HELP cnas_{nom} {aide}\n# TYPE cnas_{nom} gauge\n"
                       + "".join(f"cnas_{nom}{etiquette} {valeur}\n" for etiquette, valeur in valeurs)
                       for nom, aide, valeurs in familles if valeurs)
