from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import _, api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.cnas_base.jour import aujourd_hui, debut_du_jour
from odoo.addons.cnas_base.lecture import lire_date

from ..pilotage.calcul import calculables, calculer, detailler
from ..pilotage.definitions import AXES, FAMILLES, INDICATEURS, PAR_CODE, SOURCES

LECTEUR = "cnas_base.group_superviseur"
SANS = -1
CHOIX_MAX = 2000
ANNEES = range(1900, 2201)


class IndicateurPilotage(models.AbstractModel):
    """Les 38 indicateurs de pilotage, calculés sur une période et des axes, comparés à la période d'avant et à leur seuil.

    La table est `pilotage/definitions.py`. Le superviseur et l'administrateur lisent ; un usager cloisonné à ses agences n'y voit qu'elles.
    """

    _name = "cnas.indicateur_pilotage"
    _description = "Indicateurs de pilotage"

    # ------------------------------------------------------------------ lecture
    @api.model
    def tableau(self, filtres=None):
        """Rend chaque indicateur, sa comparaison et sa couleur.

        :param filtres: {"debut", "fin": AAAA-MM-JJ, "agence"|"province"|"regime"|"formation"|"controleur": identifiant, -1 : sans}
        :return: {"debut", "fin", "avant": [debut, fin], "indicateurs": [{"code", "nom", "famille", "unite", "valeur", …}]}
        :raise UserError: période ou filtre illisible
        """
        filtres = self._lire_filtres(filtres)
        avant = self._periode_d_avant(filtres)
        seuils = self.env["cnas.seuil_pilotage"]._au(filtres["fin"])
        valeurs = calculer(self.env, filtres).get(None, {})
        anciennes = calculer(self.env, {**filtres, **avant}).get(None, {})
        possibles, par_province = calculables(filtres), calculables({}, "province")
        return {
            "debut": str(filtres["debut"]), "fin": str(filtres["fin"]), "avant": [str(avant["debut"]), str(avant["fin"])],
            "familles": [[code, str(nom)] for code, nom in FAMILLES],
            "indicateurs": [{
                **self._juger(i, valeurs.get(i.code), anciennes.get(i.code), seuils.get(i.code)),
                "filtrable": i in possibles, "carte": i in par_province, "detail": bool(i.detail)} for i in INDICATEURS]}

    @api.model
    def par_axe(self, code, axe, filtres=None):
        """Rend un indicateur par valeur d'un axe : [{"id", "nom", "valeur", "couleur"}], et la clé `code` d'une province."""
        indicateur, filtres = self._lire_code(code), self._lire_filtres(filtres)
        if not isinstance(axe, str) or axe not in AXES or indicateur not in calculables({}, axe):
            raise UserError(_("« %s » ne se compte pas sur cet axe.", indicateur.nom))
        seuil = self.env["cnas.seuil_pilotage"]._au(filtres["fin"]).get(code)
        valeurs = calculer(self.env, filtres, axe, [indicateur])
        objets = self.env[AXES[axe][1]].sudo().browse([cle for cle, rang in valeurs.items() if axe == "province" or rang[code] is not None])
        return [{"id": o.id, "nom": o.display_name, "code": o.code if "code" in o else "", "valeur": valeurs[o.id][code],
                 "couleur": seuil._couleur(valeurs[o.id][code]) if seuil and valeurs[o.id][code] is not None else ""} for o in objets]

    @api.model
    def detail(self, code, filtres=None):
        """Rend les dix premiers d'un indicateur (motifs, pathologies, formations) ; aucun s'il ne se filtre pas ainsi."""
        indicateur, filtres = self._lire_code(code), self._lire_filtres(filtres)
        return detailler(self.env, filtres, indicateur) if indicateur.detail and indicateur in calculables(filtres) else []

    @api.model
    def ouvrir(self, code, filtres=None):
        """Rend l'action qui liste ce que compte l'indicateur, mêmes période et filtres."""
        indicateur, filtres = self._lire_code(code), self._lire_filtres(filtres)
        source = SOURCES[indicateur.sources[0]]
        if not source.modele:
            return self.env["ir.actions.act_window"]._for_xml_id("cnas_base.parametre_action")
        domaine = [*indicateur.domaine, *self._domaine_de_periode(source, filtres)]
        for axe, (colonne, _modele, _nom) in AXES.items():
            if filtres.get(axe) and axe in source.axes:
                valeur = filtres[axe]
                domaine.append((source.axes[axe] or colonne, "=" if valeur == SANS else "in", False if valeur == SANS else valeur))
        return {"type": "ir.actions.act_window", "name": str(indicateur.nom), "res_model": source.modele, "domain": domaine,
                "views": [(False, "list"), (False, "form")]}

    @api.model
    def options(self):
        """Rend les valeurs proposées à chaque filtre : {axe: {"nom", "valeurs": [[id, nom]]}}."""
        self._exiger_lecteur()
        siennes = self._agences_permises()
        domaines = {"agence": [("id", "in", siennes)] if siennes else [],
                    "controleur": [("groups_id", "in", self.env.ref("cnas_base.group_controleur").ids), ("share", "=", False)]}
        options = {}
        for axe, (_colonne, modele, nom) in AXES.items():
            objets = self.env[modele].sudo().search(domaines.get(axe, []), limit=CHOIX_MAX)
            sans = [[SANS, _("Sans contrôleur")]] if axe == "controleur" else []
            options[axe] = {"nom": str(nom), "valeurs": sans + [[o.id, o.display_name] for o in objets]}
        return options

    # ------------------------------------------------------------------ privé
    @api.model
    def _juger(self, indicateur, valeur, ancienne, seuil):
        evolution = mieux = None
        if valeur is not None and ancienne is not None:
            evolution = valeur - ancienne
            mieux = indicateur.sens and evolution and (evolution < 0) == (indicateur.sens == "bas")
        return {"code": indicateur.code, "nom": str(indicateur.nom), "famille": indicateur.famille, "unite": indicateur.unite,
                "valeur": valeur, "precedente": ancienne, "evolution": evolution, "mieux": bool(mieux), "sens": indicateur.sens,
                "couleur": seuil._couleur(valeur) if seuil and valeur is not None else "",
                "orange": seuil.orange if seuil else None, "rouge": seuil.rouge if seuil else None,
                "responsable": (seuil.responsable_id.sudo().name or "") if seuil else ""}

    def _exiger_lecteur(self):
        if not self.env.su and not self.env.user.has_group(LECTEUR):
            raise AccessError(_("Les indicateurs de pilotage se lisent avec le rôle %s.", self.env.ref(LECTEUR).sudo().name))

    @api.model
    def _lire_code(self, code):
        self._exiger_lecteur()
        if not isinstance(code, str) or code not in PAR_CODE:
            raise UserError(_("Indicateur inconnu : %s.", code))
        return PAR_CODE[code]

    @api.model
    def _lire_filtres(self, filtres):
        """Rend les filtres lus : dates, et par axe une liste d'identifiants ou -1 ; l'usager cloisonné garde ses agences."""
        self._exiger_lecteur()
        filtres = filtres or {}
        if not isinstance(filtres, dict) or not {*filtres} <= {"debut", "fin", *AXES}:
            raise UserError(_("Filtre inconnu : période, agence, province, régime, formation ou contrôleur."))
        fin = lire_date(filtres.get("fin"), False, stricte=True) or aujourd_hui()
        debut = lire_date(filtres.get("debut"), False, stricte=True) or fin - relativedelta(years=1) + timedelta(days=1)
        if debut > fin or debut.year not in ANNEES or fin.year not in ANNEES:
            raise UserError(_("La période finit avant de commencer, ou son année n'est pas plausible : vérifiez les deux dates."))
        lus = {"debut": debut, "fin": fin}
        for axe in AXES:
            valeur = filtres.get(axe)
            if valeur and (isinstance(valeur, bool) or not isinstance(valeur, int) or not (valeur == SANS or 0 < valeur < 2 ** 31)):
                raise UserError(_("« %s » se choisit dans la liste.", AXES[axe][2]))
            if valeur:
                lus[axe] = valeur if valeur == SANS else [valeur]
        siennes = self._agences_permises()
        if siennes:
            lus["agence"] = [a for a in siennes if lus.get("agence") in (None, SANS, [a])] or [0]
        return lus

    @api.model
    def _agences_permises(self):
        """Rend les agences auxquelles l'usager est cloisonné, ou rien s'il les voit toutes."""
        if self.env.su or self.env["ir.rule"]._cloison(self.env["cnas.feuille_soin"]) is None:
            return []
        return self.env.user.sudo().agence_ids.ids or [0]

    @api.model
    def _periode_d_avant(self, filtres):
        """Rend la période de même longueur qui précède ; un mois entier se compare au mois entier."""
        debut, fin = filtres["debut"], filtres["fin"]
        veille = debut - timedelta(days=1)
        if debut.day == 1 and (fin + timedelta(days=1)).day == 1:
            mois = 12 * (fin.year - debut.year) + fin.month - debut.month + 1
            return {"debut": debut - relativedelta(months=mois), "fin": veille}
        return {"debut": veille - (fin - debut), "fin": veille}

    @api.model
    def _domaine_de_periode(self, source, filtres):
        if not source.date:
            return []
        champ, lendemain = source.date.lstrip("<"), filtres["fin"] + timedelta(days=1)
        # Un instant se compte au jour de N'Djamena, comme dans le calcul ; celui du dernier jour est encore dans la période.
        instant = isinstance(self.env[source.modele]._fields.get(champ), fields.Datetime)
        debut, lendemain = (str(debut_du_jour(jour) if instant else jour) for jour in (filtres["debut"], lendemain))
        return [*([] if source.date.startswith("<") else [(champ, ">=", debut)]), (champ, "<", lendemain)]
