import re

from odoo import _, api, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.lecture import lire_date, lire_entier, sans_accent

from .feuille_soin.importation import TAILLE_LOT

TEXTES = ("formation", "matricule", "pathologie", "praticien", "entente", "type_soins")
DATES = ("date_soins", "date_fin_soins", "date_naissance_declaree")
OUI = {"oui", "o", "1", "true", "vrai", "on", "x", "نعم"}
TYPES_DE_SOINS = {"hospitalise": "hospitalisation", "hospitalisee": "hospitalisation", "hospit": "hospitalisation",
                  "externe": "ambulatoire", "ambulatoires": "ambulatoire", "soins ambulatoires": "ambulatoire", "استشفاء": "hospitalisation", "خارجي": "ambulatoire"}


class ImportFichier(models.Model):
    """Les classeurs de feuilles de soins : une ligne par prestation, les lignes de même référence font une feuille.

    Une ligne sans référence continue la feuille du dessus. Rien n'est déposé d'une feuille dont une ligne est refusée.
    """

    _inherit = "cnas.import_fichier"
    _roles_feuilles = ("cnas_base.group_agent", "cnas_base.group_portail_formation")

    sujet = fields.Selection(selection_add=[("feuilles", "Feuilles de soins")], ondelete={"feuilles": "cascade"})
    formation_id = fields.Many2one(
        "cnas.formation_sanitaire", string="Formation sanitaire", ondelete="restrict", index="btree_not_null",
        help="Celle des feuilles qui ne disent pas la leur.")

    # ------------------------------------------------------------------ points d'extension
    @api.model
    def _champs_controles(self):
        return super()._champs_controles() | {"formation_id"}

    def _expediteur(self):
        return self.formation_id or super()._expediteur()

    def _juger_feuilles(self, tableau):
        """Rend le verdict de chaque feuille, sans rien écrire."""
        groupes = self._groupes(tableau)
        bons = [groupe for groupe in groupes if not groupe["erreurs"]]
        feuilles = self._feuilles_de_l_usager()
        for debut in range(0, len(bons), TAILLE_LOT):
            lot = bons[debut:debut + TAILLE_LOT]
            lectures, _a_creer = feuilles._juger_lot([groupe["feuille"] for groupe in lot])
            feuilles._rendre_connues(lectures)
            connues = feuilles.browse({x.deja["id"] for x in lectures if isinstance(x.deja, dict)}).sudo()
            retenues, par_id = connues._raisons("retirer"), {feuille.id: feuille for feuille in connues}
            for groupe, lecture in zip(lot, lectures):
                connue = par_id.get(lecture.deja["id"]) if isinstance(lecture.deja, dict) else None
                self._situer_groupe(groupe, lecture, connue, connue and connue.id not in retenues)
        verdict = self.env["cnas.import_fichier.ligne"]._verdict
        return [verdict(g["rangs"], g["feuille"]["reference"], g["feuille"], g["erreurs"], g.get("note"), g.get("connue"),
                        g.get("differe")) for g in groupes]

    @staticmethod
    def _situer_groupe(groupe, lecture, connue, remplacable):
        """Note ce qu'est le groupe : refusé, déjà reçu, ou reçu autrement et remplaçable."""
        groupe["connue"] = connue
        if remplacable and connue.empreinte != lecture.valeurs["empreinte"]:
            groupe["feuille"]["remplace"] = connue.numero
            groupe.update(differe=True, note=lecture.erreurs[1])
        else:
            groupe["erreurs"] = _au_fichier(lecture.erreurs, groupe["rangs"])

    def _appliquer_feuilles(self, lignes):
        """Dépose les feuilles de ces lignes, avec les droits de qui importe."""
        resultats = self._feuilles_de_l_usager().importer([ligne.donnees for ligne in lignes])
        feuilles = {f.id: f for f in self.env["cnas.feuille_soin"].sudo().browse([r["id"] for r in resultats if r["id"]])}
        for ligne, resultat in zip(lignes, resultats):
            if resultat["erreurs"]:
                ligne._noter(erreurs=_au_fichier(resultat["erreurs"], ligne.rangs))
            else:
                ligne._noter(feuilles[resultat["id"]])

    # ------------------------------------------------------------------ privé
    def _feuilles_de_l_usager(self):
        return self.env["cnas.feuille_soin"].with_user(self.env.user)

    @api.model
    def _agence_de(self, formation):
        """Rend {"agence": code} de la province de la formation ; rien s'il n'y en a pas : `importer` choisira."""
        agence = self.env["cnas.agence"].sudo().search([("province_id", "in", formation.province_id.ids)], limit=1)
        return {"agence": agence.code} if agence else {}

    def _groupes(self, tableau):
        """Regroupe les lignes d'une même feuille ; ce qui la décrit se lit sur sa première ligne.

        :return: [{"feuille", "rangs": lignes du fichier, "erreurs": [(ligne, phrase)]}] dans l'ordre du fichier
        """
        formation = self.formation_id.sudo()
        communs = {"formation": formation.code or "", **self._agence_de(formation)}
        groupes, reference = {}, ""
        for ligne in tableau:
            ecrite = _texte(ligne.get("reference"))
            reference, lus = ecrite or reference, self._lire_rang(ligne)
            groupe = groupes.get(reference)
            if groupe is None:
                groupe = groupes[reference] = {"rangs": [], "erreurs": [], "feuille": {
                    **communs, "reference": reference, "lignes": [], **lus}}
            groupe["erreurs"] += [(ligne.numero, self._phrase_ecart(ligne, reference, ecrite, nom, valeur))
                                  for nom, valeur in lus.items() if not _meme(valeur, groupe["feuille"].get(nom))]
            groupe["rangs"].append(ligne.numero)
            groupe["feuille"]["lignes"].append({
                "prestation": _texte(ligne.get("prestation")), "quantite": _nombre(ligne.get("quantite")),
                "prix_unitaire": _nombre(ligne.get("prix_unitaire"))})
        return list(groupes.values())

    def _phrase_ecart(self, ligne, reference, ecrite, nom, valeur):
        phrase = _("Ligne %(rang)s : « %(nom)s » vaut « %(valeur)s » et diffère de la première ligne de cette référence.") if ecrite else _(
            "Ligne %(rang)s : sans référence, elle continue la feuille « %(reference)s », mais « %(nom)s » y vaut « %(valeur)s » et "
            "diffère : écrivez sa référence.")
        return phrase % {"rang": ligne.numero, "reference": reference[:40], "nom": nom, "valeur": str(valeur)[:40]}

    @staticmethod
    def _lire_rang(ligne):
        """Rend ce qu'une ligne dit de sa feuille, au format d'`importer` ; le vide est omis, l'illisible gardé tel quel."""
        lus = {nom: texte for nom in TEXTES if (texte := _texte(ligne.get(nom)))}
        lus.update({nom: jour for nom in DATES if (jour := _jour(ligne.get(nom)))})
        lus.update({nom: True for nom in ("nouveau_ne", "urgence") if sans_accent(_texte(ligne.get(nom))) in OUI})
        if _texte(ligne.get("rang_naissance")):
            lus["rang_naissance"] = _nombre(ligne["rang_naissance"])
        if _texte(ligne.get("total")):
            lus["total"] = _nombre(ligne["total"])
        if "type_soins" in lus:
            ecrit = sans_accent(lus["type_soins"])
            lus["type_soins"] = TYPES_DE_SOINS.get(ecrit, ecrit)
        return lus


def _au_fichier(phrases, rangs):
    """Rend [(ligne du fichier ou 0, phrase)] : le rang d'une ligne dans sa feuille devient celui du fichier."""
    dites = []
    for phrase in phrases:
        trouve = re.match(r"Ligne ([0-9]+)", phrase)
        rang = rangs[int(trouve[1]) - 1] if trouve and 0 < int(trouve[1]) <= len(rangs) else 0
        dites.append((rang, phrase.replace(trouve[0], _("Ligne %s", rang), 1) if rang else phrase))
    return dites


def _meme(valeur, premiere):
    """Dit si deux cellules disent la même chose : casse, accents et ponctuation ne comptent pas."""
    return valeur == premiere or sans_accent(str(valeur)) == sans_accent(str(premiere or ""))


def _texte(valeur):
    if isinstance(valeur, float) and valeur.is_integer():
        valeur = int(valeur)
    return str(valeur if valeur is not None else "").strip()


def _jour(valeur):
    """Rend AAAA-MM-JJ si la date se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
    try:
        return str(lire_date(valeur, ""))
    except UserError:
        return _texte(valeur)


def _nombre(valeur):
    """Rend un entier s'il se lit, le texte sinon : c'est `importer` qui refusera, avec sa phrase."""
    try:
        return lire_entier(valeur, "")
    except UserError:
        return _texte(valeur)
