from odoo import Command

from odoo.addons.cnas_base.tests.common import TransactionCase

from ..rib import composer_rib

RIB_VRAI = "60002 00001 02710916001 53"


class CasFormations(TransactionCase):
    """Un usager par rôle et de quoi créer des formations, sans rien devoir à la démonstration."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True, "no_reset_password": True})
        cls.roles = {
            role: cls.env["res.users"].create({
                "name": f"Essai {role}", "login": f"essai_{role}", "email": f"{role}@essai.example",
                "groups_id": [Command.set(cls.env.ref(f"cnas_base.group_{groupe}").ids)],
            })
            for role, groupe in {
                "agent": "agent", "agent2": "agent", "controleur": "controleur", "medecin": "medecin_conseil",
                "superviseur": "superviseur", "finance": "finance", "administrateur": "administrateur",
            }.items()
        }
        cls.district = cls.env.ref("cnas_base.district_abeche")
        cls.rang = 0

    @classmethod
    def creer_formation(cls, etat="active", convention=None, **valeurs):
        """Crée une formation dans l'état voulu ; `convention` = (début, fin) l'engage."""
        cls.rang += 1
        formation = cls.env["cnas.formation_sanitaire"].create({
            "code": f"ESSAI-{cls.rang:03d}", "name": f"Centre d'essai {cls.rang}",
            "type_formation": "centre_sante", "district_id": cls.district.id, **valeurs,
        })
        if etat != "brouillon":
            formation.action_activer()
        if convention:
            cls.creer_convention(formation, *convention).action_activer()
        if etat == "suspendue":
            formation.action_suspendre("Motif d'essai")
        elif etat == "fermee":
            formation.action_fermer("Motif d'essai")
        return formation

    @classmethod
    def creer_convention(cls, formation, debut, fin=None, **valeurs):
        return cls.env["cnas.convention"].create(
            {"formation_id": formation.id, "date_debut": debut, "date_fin": fin or False, **valeurs})

    @classmethod
    def creer_usager(cls, formations, login="essai_formation"):
        return cls.env["res.users"].create({
            "name": login, "login": login, "email": f"{login}@essai.example",
            "groups_id": [Command.set(cls.env.ref("cnas_base.group_portail_formation").ids)],
            "formation_ids": [Command.set(formations.ids)],
        })

    def en_tant_que(self, role, records):
        return records.with_user(self.roles[role])

    @staticmethod
    def un_rib(compte):
        """Rend un RIB juste, différent pour chaque `compte`."""
        return composer_rib("60005", "00021", f"{compte:011d}")
