import re

from lxml import etree

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.impression.langue import FRANCAIS
from odoo.addons.cnas_base.lecture import Ligne, Tableau, lire_entier, sans_accent

from .constantes import AGE_SANS_LIMITE
from .pathologie import CODE_CIM10, lire_code_cim10

TAILLE_MAX_CLAML = 60 * 1024 * 1024
COLONNES_CLAML = ("code", "libelle", "categorie")
VRAI = {"1", "oui", "o", "x", "vrai", "true", "نعم"}
SEXES = {"m": "masculin", "masculin": "masculin", "f": "feminin", "feminin": "feminin", "": False}


class ImportFichier(models.Model):
    """La CIM-10, d'un tableau (code, libellé, catégorie, sexe, âges, ALD, maternité) ou d'un ClaML : une ligne par code.

    Les codes nouveaux sont créés ; un code connu garde ce que la caisse y a mis, sauf son libellé si l'on demande de
    remplacer ce qui diffère.
    """

    _inherit = "cnas.import_fichier"
    _roles_pathologies = ("cnas_base.group_administrateur",)

    sujet = fields.Selection(selection_add=[("pathologies", "Pathologies")], ondelete={"pathologies": "cascade"})

    def _lire(self):
        if self.sujet == "pathologies" and (self.nom_fichier or "").lower().endswith((".xml", ".claml")):
            return self._lire_claml(self._contenu())
        return super()._lire()

    def _juger_pathologies(self, tableau):
        """Rend le verdict de chaque code, sans rien écrire."""
        lectures = [self._lire_pathologie(ligne) for ligne in tableau]
        connues = self._pathologies_connues([vals["code"] for vals, _motif in lectures])
        vus, verdicts = set(), []
        for ligne, (vals, motif) in zip(tableau, lectures):
            code, connue = vals["code"], connues.get(vals["code"])
            if not motif and code in vus:
                motif = _("code en double")
            vus.add(code)
            phrase = motif and _("Ligne %(n)s, « %(code)s » : %(motif)s.", n=ligne.numero, code=code[:20], motif=motif)
            differe = connue and not motif and connue.name != vals["name"]
            verdicts.append(self.env["cnas.import_fichier.ligne"]._verdict(
                [ligne.numero], code, vals, [(ligne.numero, phrase)] if motif else (),
                _("Libellé : %(avant)s → %(apres)s.", avant=connue.name, apres=vals["name"]) if differe else False,
                None if motif else connue, differe))
        return verdicts

    def _appliquer_pathologies(self, lignes):
        with sans_suivi():
            lignes._tenter(self._ecrire_pathologies)

    # ------------------------------------------------------------------ privé
    def _ecrire_pathologies(self, lignes):
        """Crée les codes nouveaux, remplace les libellés demandés, avec les droits de qui importe ; rend les pathologies."""
        pathologies = self._pathologies_connues([ligne.donnees["code"] for ligne in lignes])
        nouvelles = [dict(ligne.donnees) for ligne in lignes if ligne.donnees["code"] not in pathologies]
        categorie = self._categorie_de(nouvelles)
        for vals in nouvelles:
            vals["categorie_id"] = categorie(vals)
            del vals["categorie"]
        creees = self._pathologies().create(nouvelles)
        pathologies.update(zip(creees.mapped("code"), creees))
        for ligne in lignes.filtered(lambda ligne: ligne.state == "correction"):
            pathologies[ligne.donnees["code"]].name = ligne.donnees["name"]
        return [pathologies[ligne.donnees["code"]] for ligne in lignes]

    def _pathologies(self):
        # un libellé du fichier est le nom français, quelle que soit la langue de qui importe
        return self.env["cnas.pathologie"].with_user(self.env.user).with_context(active_test=False, lang=FRANCAIS)

    def _pathologies_connues(self, codes):
        return {p.code: p for p in self._pathologies().search([("code", "in", codes)])}

    def _lire_pathologie(self, ligne):
        """Rend (valeurs, motif de refus ou rien) d'une ligne."""
        code, libelle = lire_code_cim10(_texte(ligne, "code")), _texte(ligne, "libelle")
        sexe = sans_accent(_texte(ligne, "sexe"))
        try:
            age_min, age_max = lire_entier(ligne.get("age_min"), 0), lire_entier(ligne.get("age_max"), AGE_SANS_LIMITE)
        except UserError:
            age_min = age_max = -1
        motif = False
        if not CODE_CIM10.fullmatch(code):
            motif = _("code CIM-10 attendu")
        elif not libelle:
            motif = _("libellé manquant")
        elif sexe not in SEXES:
            motif = _("sexe attendu : M, F ou vide")
        elif not 0 <= age_min <= age_max <= AGE_SANS_LIMITE:
            motif = _("âges attendus entre 0 et 120")
        return {
            "code": code, "name": libelle, "sexe": SEXES.get(sexe, False), "age_min": age_min, "age_max": age_max,
            "ald": sans_accent(_texte(ligne, "ald")) in VRAI,
            "maternite": sans_accent(_texte(ligne, "maternite")) in VRAI or code.startswith("O"),
            "categorie": _texte(ligne, "categorie")}, motif

    def _categorie_de(self, lues):
        """Rend la fonction {valeurs: id de catégorie} : le chapitre livré l'emporte sur le nom du fichier, que l'on crée à défaut."""
        categories = self.env["cnas.categorie_pathologie"].with_user(self.env.user).with_context(active_test=False, lang=FRANCAIS)
        plages = [(c.plage[:3], c.plage[-3:], c.id) for c in categories.search([("plage", "!=", False), ("active", "=", True)])]

        def plage(vals):
            return next((i for debut, fin, i in plages if debut <= vals["code"][:3] <= fin), False)

        noms = list(dict.fromkeys(vals["categorie"] for vals in lues if vals["categorie"] and not plage(vals)))
        par_nom = {c.name: c.id for c in categories.search([("name", "in", noms)])}
        manquantes = [nom for nom in noms if nom not in par_nom]
        par_nom.update(zip(manquantes, categories.create([{"name": nom} for nom in manquantes]).ids))
        return lambda vals: plage(vals) or par_nom.get(vals["categorie"]) or (plages[0][2] if plages else False)

    # ------------------------------------------------------------------ ClaML
    def _lire_claml(self, contenu):
        """Lit un ClaML (norme de publication de la CIM-10) : le `Tableau` de ses catégories."""
        if len(contenu) > TAILLE_MAX_CLAML:
            raise UserError(_("Le fichier dépasse 60 Mo."))
        analyseur = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            racine = etree.fromstring(contenu, analyseur)
        except etree.XMLSyntaxError as erreur:
            raise UserError(_("Le fichier ClaML est illisible : téléchargez-le à nouveau.")) from erreur
        dtd = racine.getroottree().docinfo.internalDTD
        if dtd is not None and any(dtd.iterentities()):
            raise UserError(_("Ce fichier déclare des entités XML : il est refusé."))
        classes = {c.get("code"): c for c in racine.iter("Class")}
        if not classes:
            raise UserError(_("Ce fichier XML n'est pas un ClaML : il ne porte aucune classe."))
        cases = [(code or "", self._libelle_claml(classe), self._chapitre(classes, classe))
                 for code, classe in classes.items() if classe.get("kind") == "category"]
        noms = {code: nom for code, nom, *_reste in self.env["cnas.colonne"]._du_sujet("pathologies")}
        return Tableau([Ligne(rang, zip(COLONNES_CLAML, rangee), rangee) for rang, rangee in enumerate(cases, 1)],
                       [noms[code] for code in COLONNES_CLAML], COLONNES_CLAML)

    @staticmethod
    def _libelle_claml(classe):
        """Rend le libellé préféré d'une classe, sans ses balises internes."""
        for rubrique in classe.iterfind("Rubric"):
            if rubrique.get("kind") in ("preferred", "preferredLong"):
                return " ".join("".join(rubrique.itertext()).split())
        return ""

    def _chapitre(self, classes, classe):
        """Rend le libellé du chapitre d'une classe, en remontant ses classes mères."""
        for _rang in range(12):
            if classe.get("kind") == "chapter":
                return self._libelle_claml(classe)
            mere = classe.find("SuperClass")
            classe = classes.get(mere.get("code")) if mere is not None else None
            if classe is None:
                break
        return ""


def _texte(ligne, nom):
    """Rend une colonne en texte, ses blancs réduits."""
    valeur = ligne.get(nom)
    return re.sub(r"\s+", " ", str("" if valeur is None else valeur).replace("\x00", "")).strip()[:500]
