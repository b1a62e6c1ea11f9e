import shutil

from odoo import api, fields, models, tools

SAUVEGARDE = "cnas.derniere_sauvegarde"


class Sante(models.AbstractModel):
    """Ce que la surveillance lit de la suite, sans donnée personnelle : `/cnas/sante`."""

    _name = "cnas.sante"
    _description = "Santé du service"

    @api.model
    def _relever(self):
        """Rend l'état du service et ce qui l'explique.

        :return: {"etat": "bon"|"a_surveiller", "alertes": [codes], "base", "taches": {en attente, en cours, en échec},
            "disque_libre": pour cent, "sauvegarde_heures": âge ou None, "journal": dernière vérification ou None,
            "adresse_publique": vrai si les papiers et les courriels portent une adresse qui s'ouvre,
            "fichiers_abimes": fichiers perdus ou altérés, pas encore remplacés,
            "courriels_en_attente": ce qui attend, si rien n'envoie}
        """
        releve = {
            "base": True, "taches": self._taches(), "disque_libre": self._disque_libre(),
            "sauvegarde_heures": self._age_de_la_sauvegarde(), "journal": self._derniere_verification(),
            "adresse_publique": bool(self.env["ir.config_parameter"]._adresse_publique()),
            "fichiers_abimes": self.env["cnas.fichier_abime"].sudo().search_count([("state", "=", "constate")]),
            "courriels_en_attente": self._courriels_en_attente()}
        alertes = [code for code, levee in self._alertes(releve) if levee]
        return {"etat": "a_surveiller" if alertes else "bon", "alertes": alertes, **releve}

    def _alertes(self, releve):
        """Rend [(code, levée ou non)]."""
        seuil = self.env["cnas.parametre"].sudo()._au
        return [
            ("taches_en_echec", releve["taches"]["en_echec"]),
            ("disque", releve["disque_libre"] < seuil("surveillance_disque_libre")),
            ("sauvegarde", releve["sauvegarde_heures"] is None
             or releve["sauvegarde_heures"] > seuil("surveillance_sauvegarde_heures")),
            ("journal", releve["journal"] and not releve["journal"]["intact"]),
            ("fichiers", releve["fichiers_abimes"]),
            ("adresse", not releve["adresse_publique"]),
            ("courriels", releve["courriels_en_attente"]),
        ]

    def _taches(self):
        compte = dict(self.env["queue.job"].sudo()._read_group([], ["state"], ["__count"]))
        return {"en_attente": sum(compte.get(etat, 0) for etat in ("pending", "enqueued", "wait_dependencies")),
                "en_cours": compte.get("started", 0), "en_echec": compte.get("failed", 0)}

    def _courriels_en_attente(self):
        return self.env["mail.mail"].sudo().search_count([("state", "=", "outgoing")]) if self.env["ir.mail_server"]._rien_n_envoie() else 0

    def _disque_libre(self):
        disque = shutil.disk_usage(tools.config["data_dir"])
        return disque.free * 100 // disque.total

    def _age_de_la_sauvegarde(self):
        """Rend l'âge en heures de la dernière sauvegarde, que note `./cnas sauvegarder`, ou None."""
        notee = fields.Datetime.to_datetime(self.env["ir.config_parameter"].sudo().get_param(SAUVEGARDE) or None)
        return int((fields.Datetime.now() - notee).total_seconds() // 3600) if notee else None

    def _derniere_verification(self):
        ligne = self.env["cnas.journal"].sudo().search([("evenement", "=", "verification")], limit=1)
        return {"le": fields.Datetime.to_string(ligne.date), "intact": ligne.apres["intact"]} if ligne else None
