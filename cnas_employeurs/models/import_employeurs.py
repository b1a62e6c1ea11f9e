import re
from collections import defaultdict

from odoo import _, fields, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.ecriture import ecrire_date
from odoo.addons.cnas_base.lecture import dit_absent, lire_date, lire_texte, sans_accent

from .employeur import TYPES_EMPLOYEUR, lire_rccm

TYPES_LUS = {**{sans_accent(mot): code for code, nom in TYPES_EMPLOYEUR for mot in (code, nom)},
             "prive": "prive", "privee": "prive", "entreprise": "prive", "societe": "prive", "publique": "public", "etat": "public",
             "administration": "public", "administration publique": "public", "parapublique": "parapublic",
             "association": "ong", "o n g": "ong", "organisation": "ong"}
TEXTES = ("raison_sociale", "email", "adresse")
IDENTIFIANTS = ("matricule", "nif", "rccm")
# Colonne du fichier → (champ, modèle) de ce qui se cherche par son nom.
LIENS = {"district": ("district_id", "cnas.district"), "categorie_juridique": ("categorie_juridique_id", "cnas.categorie_juridique")}
_NUMEROS = re.compile(r"[/;,]| ou | et ", re.IGNORECASE)


class ImportFichier(models.Model):
    """Les listes d'employeurs : une ligne par employeur, reconnu à son matricule, son NIF, son RCCM, ou son nom s'il est seul à le porter."""

    _inherit = "cnas.import_fichier"
    _roles_employeurs = ("cnas_base.group_agent",)

    sujet = fields.Selection(selection_add=[("employeurs", "Employeurs")], ondelete={"employeurs": "cascade"})

    def _juger_employeurs(self, tableau):
        """Rend le verdict de chaque employeur, sans rien écrire."""
        lectures = [self._lire_employeur(ligne) for ligne in tableau]
        connus, vus, verdicts = self._employeurs_connus([vals for vals, _erreurs, _notes in lectures]), {}, []
        self._lire_liens(tableau, lectures)
        for ligne, (vals, erreurs, notes) in zip(tableau, lectures):
            repetee = next((vus[cle] for cle in self._cles_employeur(vals) if vus.setdefault(cle, ligne.numero) != ligne.numero), None)
            if repetee:
                erreurs.append(_("répète la ligne %s.", repetee))
            verdicts.append(self._situer_employeur(ligne.numero, vals, erreurs, notes, connus))
        return verdicts

    def _appliquer_employeurs(self, lignes):
        """Crée ou corrige chaque employeur, avec les droits de qui importe ; un refus n'arrête pas les autres."""
        for ligne in lignes:
            ligne._tenter(self._ecrire_employeur)

    # ------------------------------------------------------------------ privé
    def _ecrire_employeur(self, ligne):
        vals = {nom: valeur for nom, valeur in ligne.donnees.items() if nom != "matricule"}
        employeurs = self.env["cnas.employeur"].with_user(self.env.user)
        if ligne.state != "correction":
            return employeurs.create(vals)
        employeur = employeurs.browse(ligne.res_id)
        employeur.write(vals)
        return employeur

    def _lire_employeur(self, ligne):
        """Rend (valeurs, erreurs, remarques) d'une ligne ; ce qui manque est omis."""
        ecrit = {nom: "" if dit_absent(valeur) else " ".join(lire_texte(_cellule(valeur), 200).split()) for nom, valeur in ligne.items()}
        vals, erreurs, notes = {nom: ecrit[nom] for nom in TEXTES if ecrit.get(nom)}, [], []
        for nom in ("matricule", "nif"):
            if ecrit.get(nom):
                vals[nom] = self.env["cnas.employeur"]._normaliser_matricule(ecrit[nom])
        if rccm := lire_rccm(ecrit.get("rccm")):
            vals["rccm"] = rccm
        if not vals.get("raison_sociale"):
            erreurs.append(_("la raison sociale manque."))
        if ecrit.get("type_employeur"):
            vals["type_employeur"] = TYPES_LUS.get(sans_accent(ecrit["type_employeur"]))
            if not vals["type_employeur"]:
                erreurs.append(_("type « %s » inconnu : public, privé, parapublic ou ONG.", ecrit["type_employeur"]))
        try:
            jour = lire_date(ligne.get("date_creation") if ecrit.get("date_creation") else None, None, _("Date de création"))
            if jour:
                vals["date_creation"] = str(jour)
        except UserError as refus:
            erreurs.append(str(refus))
        for champ, numero in zip(("telephone_1", "telephone_2"), filter(None, _NUMEROS.split(ecrit.get("telephone_1") or ""))):
            try:
                vals[champ] = self.env["cnas.employeur"]._formater_telephone(numero)
            except UserError:
                notes.append(_("Téléphone « %s » illisible : laissé vide.", numero))
        return vals, erreurs, notes

    def _lire_liens(self, tableau, lectures):
        """Cherche le district et la catégorie juridique écrits ; à défaut du nom exact, ce que la recherche trouve seul."""
        for colonne, (champ, modele) in LIENS.items():
            connus = {sans_accent(objet.name): objet.id for objet in self.env[modele].search([])}
            for ligne, (vals, erreurs, _notes) in zip(tableau, lectures):
                nom = "" if dit_absent(ligne.get(colonne)) else lire_texte(_cellule(ligne.get(colonne)), 100)
                if not nom:
                    continue
                if sans_accent(nom) not in connus:
                    trouves = self.env[modele].name_search(nom, limit=2)
                    connus[sans_accent(nom)] = trouves[0][0] if len(trouves) == 1 else False
                vals[champ] = connus[sans_accent(nom)]
                if not vals[champ]:
                    erreurs.append(_("« %(nom)s » : %(quoi)s inconnu.", nom=nom, quoi=self.env[modele]._description.lower()))

    @staticmethod
    def _cles_employeur(vals):
        """Rend ce qui désigne un employeur : chaque identifiant ; son nom seul s'il n'en a pas."""
        cles = [(nom, vals[nom]) for nom in IDENTIFIANTS if vals.get(nom)]
        return cles or [("nom", sans_accent(vals.get("raison_sociale", "")))]

    def _employeurs_connus(self, lus):
        """Rend {(champ, valeur): employeurs} de ceux que le fichier peut désigner."""
        employeurs = self.env["cnas.employeur"].with_context(active_test=False)
        noms = {sans_accent(vals.get("raison_sociale", "")) for vals in lus}
        employeurs.flush_model(["raison_sociale"])
        self.env.cr.execute("SELECT id, raison_sociale FROM cnas_employeur")
        homonymes = [identifiant for identifiant, nom in self.env.cr.fetchall() if sans_accent(nom) in noms]
        domaine = [(nom, "in", [vals[nom] for vals in lus if vals.get(nom)]) for nom in IDENTIFIANTS]
        connus = defaultdict(employeurs.browse)
        for employeur in employeurs.search(["|", "|", "|", ("id", "in", homonymes), *domaine]):
            connus["nom", sans_accent(employeur.raison_sociale)] |= employeur
            for nom in IDENTIFIANTS:
                connus[nom, employeur[nom]] |= employeur
        return connus

    def _situer_employeur(self, rang, vals, erreurs, notes, connus):
        """Rend le verdict d'une ligne : nouvel employeur, déjà connu, connu autrement, ou à préciser."""
        designes = self.env["cnas.employeur"].union(*(connus[nom, vals[nom]] for nom in IDENTIFIANTS if vals.get(nom)))
        homonymes = connus["nom", sans_accent(vals.get("raison_sociale", ""))]
        # Le nom seul ne confond pas deux employeurs : un identifiant qui diffère en fait un autre.
        proches = homonymes.filtered(lambda e: not any(vals.get(nom) and e[nom] and e[nom] != vals[nom] for nom in IDENTIFIANTS))
        candidats = designes or proches
        if vals.get("matricule") and not designes:
            erreurs.append(_("aucun employeur n'a le matricule %s.", vals["matricule"]))
        elif len(candidats) > 1:
            erreurs.append(_("elle peut désigner %s : donnez le matricule.",
                             _(" ou ").join(e.matricule or e.raison_sociale for e in candidats[:5])))
        if homonymes and not candidats:
            notes.append(_("Un employeur de ce nom existe déjà (%s), avec d'autres identifiants.", ", ".join(homonymes.mapped("matricule"))))
        if not erreurs:
            notes += self._ecarts_employeur(candidats, vals)
        return self.env["cnas.import_fichier.ligne"]._verdict(
            [rang], vals.get("raison_sociale"), vals,
            [(rang, _("Ligne %(rang)s : %(refus)s", rang=rang, refus=refus)) for refus in erreurs],
            " ".join(notes), candidats[:1], bool(self._ecarts_employeur(candidats[:1], vals)))

    def _ecarts_employeur(self, employeur, vals):
        """Rend les phrases « Adresse : avant → après » de ce que la ligne écrit autrement."""
        ecarts = []
        for nom, valeur in vals.items() if employeur else ():
            champ, avant, apres = employeur._fields[nom], employeur[nom], valeur
            if champ.type == "many2one":
                avant, apres = avant.display_name, avant.browse(valeur).display_name
            elif champ.type == "date":
                avant, apres = ecrire_date(avant), ecrire_date(lire_date(valeur))
            if avant != apres:
                ecarts.append(_("%(champ)s : %(avant)s → %(apres)s.", champ=champ._description_string(self.env), avant=avant or "—", apres=apres))
        return ecarts


def _cellule(valeur):
    """Rend une cellule telle qu'un agent la lit : 12.0 est 12, une date n'est qu'un jour."""
    return int(valeur) if isinstance(valeur, float) and valeur.is_integer() else valeur if isinstance(valeur, (str, int, float)) else str(valeur)
