import base64
import re

from lxml import etree

from odoo import _, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.cnas_base.ecriture import ecrire_debut
from odoo.addons.cnas_base.garde import sans_suivi
from odoo.addons.cnas_base.lecture import Ligne, lire_entier, sans_accent

from ..models.constantes import AGE_SANS_LIMITE
from ..models.pathologie import CODE_CIM10, lire_code_cim10

TAILLE_MAX_CLAML = 60 * 1024 * 1024
REFUS_MONTRES = 50
VRAI = {"1", "oui", "o", "x", "vrai", "true"}
SEXES = {"m": "masculin", "masculin": "masculin", "f": "feminin", "feminin": "feminin", "": False}


class ImportPathologie(models.TransientModel):
    """Importe la CIM-10 : un CSV ou XLSX (code, libellé, catégorie, sexe, âges, ald, maternité) ou un ClaML.

    Les codes nouveaux sont créés ; les codes connus gardent ce que la caisse y a mis, sauf leur libellé si on le
    demande. Une ligne illisible est refusée avec son motif, les autres passent. Réservé à l'administrateur.
    """

    _name = "cnas.import_pathologie"
    _description = "Import de la CIM-10"
    _inherit = ["cnas.import_assistant.mixin"]

    fichier = fields.Binary(string="Fichier", required=True, attachment=False)
    fichier_nom = fields.Char(string="Nom du fichier")
    maj_libelles = fields.Boolean(string="Mettre à jour les libellés des codes connus")

    def action_controler(self):
        """Contrôle à blanc : dit ce qui serait créé, mis à jour, refusé. N'écrit aucune pathologie."""
        return self._traiter(a_blanc=True)

    def action_importer(self):
        """Importe le fichier et montre le compte rendu (créées, mises à jour, refusées avec leur motif)."""
        return self._traiter(a_blanc=False)

    def _traiter(self, a_blanc):
        self.ensure_one()
        if not self.env.user.has_group("cnas_base.group_administrateur"):
            raise AccessError(_("Seul un administrateur peut importer la CIM-10."))
        contenu = base64.b64decode(self.with_context(bin_size=False).fichier or b"")
        nom = (self.fichier_nom or "").lower()
        lignes = self._lire_claml(contenu) if nom.endswith((".xml", ".claml")) else self.env["cnas.synonyme_colonne"]._lire(
            "pathologies", contenu, nom, self.env.user)
        bonnes, refus = self._controler(lignes)
        with sans_suivi():
            creees, modifiees = self._compter(bonnes) if a_blanc else self._ecrire(bonnes)
        montres = ecrire_debut([phrase for _numero, phrase in refus], REFUS_MONTRES)
        compte_rendu = _(
            "%(creees)s pathologie(s) créée(s), %(modifiees)s libellé(s) mis à jour, %(connues)s déjà connue(s), "
            "%(refus)s refusée(s).", creees=creees, modifiees=modifiees, connues=len(bonnes) - creees - modifiees,
            refus=len(refus)) + ("\n" + montres if refus else "")
        return self._montrer(compte_rendu, lignes, refus, a_blanc)

    def _lire_claml(self, contenu):
        """Lit un ClaML (norme de publication de la CIM-10) : dict {code, libelle, categorie} par catégorie."""
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
        return [
            Ligne(rang, {"code": code, "libelle": self._libelle_claml(classe), "categorie": self._chapitre(classes, classe)})
            for rang, (code, classe) in enumerate(classes.items(), 1) if classe.get("kind") == "category"]

    def _libelle_claml(self, classe):
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

    def _controler(self, lignes):
        """Rend ({code: valeurs}, [(ligne, phrase de refus)])."""
        bonnes, refus = {}, []
        for ligne in lignes:
            code = lire_code_cim10(self._texte(ligne, "code"))
            libelle = self._texte(ligne, "libelle")
            sexe = sans_accent(self._texte(ligne, "sexe"))
            try:
                age_min, age_max = lire_entier(ligne.get("age_min"), 0), lire_entier(ligne.get("age_max"), AGE_SANS_LIMITE)
            except UserError:
                age_min = age_max = -1
            if not CODE_CIM10.fullmatch(code):
                motif = _("code CIM-10 attendu")
            elif not libelle:
                motif = _("libellé manquant")
            elif sexe not in SEXES:
                motif = _("sexe attendu : M, F ou vide")
            elif not 0 <= age_min <= age_max <= AGE_SANS_LIMITE:
                motif = _("âges attendus entre 0 et 120")
            elif code in bonnes:
                motif = _("code en double")
            else:
                bonnes[code] = {
                    "code": code, "name": libelle, "sexe": SEXES[sexe], "age_min": age_min, "age_max": age_max,
                    "ald": sans_accent(self._texte(ligne, "ald")) in VRAI,
                    "maternite": sans_accent(self._texte(ligne, "maternite")) in VRAI or code.startswith("O"),
                    "categorie": self._texte(ligne, "categorie"),
                }
                continue
            refus.append((ligne.numero, _("Ligne %(n)s, « %(code)s » : %(motif)s.", n=ligne.numero, code=code[:20], motif=motif)))
        return bonnes, refus

    def _texte(self, ligne, nom):
        """Rend une colonne en texte, ses blancs réduits."""
        valeur = ligne.get(nom)
        valeur = "" if valeur is None else valeur
        return re.sub(r"\s+", " ", str(valeur).replace("\x00", "")).strip()[:500]

    def _compter(self, bonnes):
        """Rend (à créer, libellés à changer), sans rien écrire."""
        connues = {p.code: p.name for p in self.env["cnas.pathologie"].with_context(active_test=False).search([("code", "in", list(bonnes))])}
        changent = sum(bonnes[code]["name"] != nom for code, nom in connues.items()) if self.maj_libelles else 0
        return len(bonnes) - len(connues), changent

    def _ecrire(self, bonnes):
        """Crée les codes nouveaux et, si demandé, change les libellés ; rend (créées, modifiées)."""
        pathologies = self.env["cnas.pathologie"].with_context(active_test=False)
        connues = {p.code: p for p in pathologies.search([("code", "in", list(bonnes))])}
        nouvelles = [v for code, v in bonnes.items() if code not in connues]
        categories = self._categories({v["categorie"] for v in nouvelles})
        plages = self.env["cnas.categorie_pathologie"].search([("plage", "!=", False)])
        for valeurs in nouvelles:
            nom = valeurs.pop("categorie")
            # Le chapitre livré l'emporte sur le nom du fichier : une seule catégorie par plage.
            plage = plages.filtered(lambda c, v=valeurs: c.plage[:3] <= v["code"][:3] <= c.plage[-3:])[:1]
            valeurs["categorie_id"] = (plage or categories.get(nom, plages[:0])).id
        pathologies.create(nouvelles)
        modifiees = 0
        if self.maj_libelles:
            for code, pathologie in connues.items():
                if pathologie.name != bonnes[code]["name"]:
                    pathologie.name = bonnes[code]["name"]
                    modifiees += 1
        return len(nouvelles), modifiees

    def _categories(self, noms):
        """Rend {nom: catégorie} en créant celles qui manquent et qu'aucune plage ne couvre."""
        modele = self.env["cnas.categorie_pathologie"].with_context(active_test=False)
        connues = {c.name: c for c in modele.search([("name", "in", list(noms))])}
        manquantes = [nom for nom in noms if nom and nom not in connues]
        connues.update(zip(manquantes, modele.create([{"name": nom} for nom in manquantes])))
        return connues
