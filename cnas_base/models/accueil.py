from dataclasses import dataclass

from odoo import api, models
from odoo.osv import expression
from odoo.tools.translate import _lt

AGENT, CONTROLEUR, SUPERVISEUR, MEDECIN, FINANCE = (
    f"cnas_base.group_{role}" for role in ("agent", "controleur", "superviseur", "medecin_conseil", "finance"))


@dataclass(frozen=True)
class Tache:
    """Un travail qui attend quelqu'un : ce qui se compte, ce qui presse, où aller."""

    titre: object         # ce que dit la carte, `_lt(…)`
    modele: str
    domaine: list         # ce qui attend ; « uid » y vaut l'usager
    action: str           # identifiant externe de l'action de fenêtre
    roles: tuple          # qui le fait
    retard: tuple = ()    # ce qui, en plus, est en retard
    urgent: object = None  # ce que dit le retard, `_lt("en retard")`


class Accueil(models.AbstractModel):
    """« À faire » : où chacun arrive. Chaque addon ajoute ses travaux à `_taches` ; on ne voit que ceux de ses rôles.

    Les comptes sont ceux que l'usager verrait en ouvrant la liste : ses droits et ses règles s'appliquent.
    """

    _name = "cnas.accueil"
    _description = "À faire"

    @api.model
    def _taches(self):
        """Point d'extension : rend les `Tache`, dans l'ordre où elles se lisent."""
        return [Tache(_lt("Changements à accepter"), "cnas.changement", [("state", "=", "demande")],
                      "cnas_base.changement_action", (SUPERVISEUR,))]

    @api.model
    def a_faire(self):
        """Rend les travaux de l'usager : [{titre, nombre, retard, urgent, action}], les vides à la fin."""
        lues = [self._lire(tache) for tache in self._taches() if self._me_concerne(tache)]
        return sorted(lues, key=lambda tache: not tache["nombre"])

    @api.model
    def compteurs(self):
        """Rend {action: nombre} : ce qui attend l'usager derrière chaque menu ; compté une fois ce que deux travaux partagent."""
        domaines = {}
        for tache in self._taches():
            if self._me_concerne(tache):
                domaines.setdefault((tache.action, tache.modele), []).append(self._domaine(tache))
        numero = self.env["ir.model.data"]._xmlid_to_res_id
        return {str(numero(action)): nombre for (action, modele), siens in domaines.items()
                if (nombre := self.env[modele].search_count(expression.OR(siens)))}

    def _domaine(self, tache):
        return [(c[0], c[1], self.env.uid) if isinstance(c, tuple) and c[2] == "uid" else c for c in tache.domaine]

    def _me_concerne(self, tache):
        return (any(self.env.user.has_group(role) for role in tache.roles)
                and self.env[tache.modele].check_access_rights("read", raise_exception=False))

    def _lire(self, tache):
        modele = self.env[tache.modele]
        domaine = self._domaine(tache)
        retard = modele.search_count([*domaine, *tache.retard]) if tache.retard else 0
        action = self.env["ir.actions.act_window"]._for_xml_id(tache.action)
        return {"titre": str(tache.titre), "nombre": modele.search_count(domaine), "retard": retard,
                "urgent": str(tache.urgent or ""),
                "action": {**action, "name": str(tache.titre), "domain": domaine}}
