import hashlib
import json
import re
from datetime import date, datetime

from psycopg2 import DataError, IntegrityError
from psycopg2.extras import execute_values

from odoo import _, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import _as_validation_error

from odoo.addons.cnas_base.garde import ouvrir, sans_suivi
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import absent, lire_date, lire_date_naissance, sans_accent

from .droit import DEBUT_PLAUSIBLE

GENRES_LUS = {"m": "masculin", "masculin": "masculin", "homme": "masculin", "h": "masculin",
              "f": "feminin", "feminin": "feminin", "femme": "feminin"}
LIENS_LUS = {"": "", "chef": "", "chef de menage": "", "principal": "", "conjoint": "conjoint", "conjointe": "conjoint",
             "epouse": "conjoint", "epoux": "conjoint", "enfant": "enfant", "fils": "enfant", "fille": "enfant",
             "ascendant": "ascendant", "pere": "ascendant", "mere": "ascendant", "autre": "autre"}
# Ce qu'une ligne peut faire refuser ; un conflit de concurrence, lui, fait rejouer toute la plage.
REFUS = (UserError, IntegrityError, DataError)


class ImportAssuresLigne(models.Model):
    """Une ligne d'un import : ce qu'elle donne, son verdict, l'assuré créé. Écrite par l'import seul."""

    _name = "cnas.import_assures.ligne"
    _description = "Ligne d'import d'assurés"
    _inherit = ["cnas.garde.mixin"]
    _order = "import_id, id"
    _rec_name = "nom_complet"

    _champs_geles = ("import_id", "numero", "menage", "nom_complet", "donnees", "cle", "state", "message", "assure_id")

    import_id = fields.Many2one(
        comodel_name="cnas.import_assures", string="Import", required=True, index=True, ondelete="cascade")
    numero = fields.Integer(string="Ligne")
    menage = fields.Char(string="Ménage")
    nom_complet = fields.Char(string="Nom complet")
    donnees = fields.Json(string="Valeurs lues")
    cle = fields.Char(string="Clé", index=True)
    state = fields.Selection(
        selection=[("bonne", "À créer"), ("deja", "Déjà connue"), ("erreur", "Refusée"), ("creee", "Créée")],
        string="Résultat", required=True, index=True)
    message = fields.Char(string="Message")
    assure_id = fields.Many2one(comodel_name="cnas.assure", string="Assuré", index="btree_not_null", ondelete="set null")

    # ------------------------------------------------------------------ contrôle à blanc
    @api.model
    def _juger(self, import_, rangs):
        """Juge toutes les lignes d'un fichier et les enregistre, chefs de ménage d'abord.

        :param import_: l'import
        :param rangs: lignes rendues par `lire_tableau`
        """
        districts = {sans_accent(d.name): d.id for d in self.env["cnas.district"].search([])}
        lignes = [self._lire_ligne(import_, rang, districts) for rang in rangs]
        self._verifier_menages(lignes)
        self._verifier_repetitions(lignes)
        lignes.sort(key=lambda ligne: (bool(ligne["donnees"].get("lien")), ligne["numero"]))
        maintenant = fields.Datetime.now()
        execute_values(self.env.cr._obj, """
            INSERT INTO cnas_import_assures_ligne (import_id, numero, menage, nom_complet, donnees, cle, state, message,
                                                   assure_id, create_uid, create_date, write_uid, write_date)
            VALUES %s""", [
            (import_.id, li["numero"], li["menage"], li["nom_complet"], json.dumps(li["donnees"]), li["cle"],
             "erreur" if li["erreurs"] else "deja" if li["assure_id"] else "bonne",
             " ".join(li["erreurs"]) or li["note"] or None, li["assure_id"],
             self.env.uid, maintenant, self.env.uid, maintenant) for li in lignes], page_size=2000)
        import_.invalidate_recordset()

    @api.model
    def _lire_ligne(self, import_, rang, districts):
        """Rend une ligne normalisée et la liste de ses erreurs, en français."""
        texte = {c: " ".join(str(v).split()) if v not in (None, "") and not isinstance(v, (date, datetime)) else ""
                 for c, v in rang.items()}
        erreurs = []
        donnees = {"nom": texte.get("nom", ""), "prenom": texte.get("prenom", "")}
        for champ in ("nom", "prenom"):
            if not any(c.isalpha() for c in donnees[champ]):
                erreurs.append(_("%s manquant ou illisible.", champ.capitalize()))
        donnees["genre"] = GENRES_LUS.get(sans_accent(texte.get("genre", "")))
        if not donnees["genre"]:
            erreurs.append(_("Genre illisible : masculin ou feminin."))
        lien = LIENS_LUS.get(sans_accent(texte.get("lien", "")))
        if lien is None:
            erreurs.append(_("Lien inconnu : chef, conjoint, enfant, ascendant ou autre."))
        donnees["lien"] = lien or ""
        self._lire_naissance(rang, texte, donnees, erreurs)
        self._lire_contacts(import_, texte, donnees, erreurs, districts)
        affiliation = None
        try:
            affiliation = lire_date(rang.get("date_affiliation"), import_.date_affiliation, _("Date d'affiliation"))
        except UserError as refus:
            erreurs.append(str(refus))
        if affiliation and affiliation > aujourd_hui():
            erreurs.append(_("Date d'affiliation dans le futur."))
        elif affiliation and affiliation < DEBUT_PLAUSIBLE:
            erreurs.append(_("Date d'affiliation trop ancienne."))
        donnees["date_affiliation"] = affiliation.isoformat() if affiliation else False
        donnees["decision_amed"] = texte.get("decision") or import_.decision or False
        for champ in ("nom_pere", "nom_mere", "localite"):
            donnees[champ] = texte.get(champ) or False
        donnees["nni"] = self.env["cnas.assure"]._normaliser_matricule(texte.get("nni")) or False
        menage = texte.get("menage") or ""
        empreinte = "|".join(sans_accent(str(v or "")) for v in (
            menage, donnees["nom"], donnees["prenom"], donnees.get("date_naissance"), donnees["genre"],
            donnees["nom_mere"]))
        return {
            "numero": rang.numero, "menage": menage or None, "donnees": donnees, "erreurs": erreurs, "note": "",
            "nom_complet": f"{donnees['nom']} {donnees['prenom']}".strip() or None, "assure_id": None,
            "cle": hashlib.sha256(empreinte.encode()).hexdigest()[:40],
        }

    @api.model
    def _lire_naissance(self, rang, texte, donnees, erreurs):
        """Lit la date de naissance, ou l'année seule (« né vers 1975 ») portée au 1er juillet."""
        donnees["date_naissance"] = False
        quoi, champ = _("Date de naissance"), "date_naissance"
        if absent(rang.get(champ)) and not absent(rang.get("annee_naissance")):
            quoi, champ = _("Année de naissance"), "annee_naissance"
        try:
            jour, estimee = lire_date_naissance(rang.get(champ), quoi)
        except UserError as refus:
            erreurs.append(str(refus))
            return
        aujourdhui = aujourd_hui()
        if jour > aujourdhui:
            erreurs.append(_("Date de naissance dans le futur."))
        elif jour.year < aujourdhui.year - 130:
            erreurs.append(_("Date de naissance invraisemblable."))
        donnees["date_naissance"] = jour.isoformat()
        if estimee:
            donnees["date_naissance_estimee"] = True

    @api.model
    def _lire_contacts(self, import_, texte, donnees, erreurs, districts):
        donnees["district_id"] = import_.district_id.id
        if texte.get("district"):
            donnees["district_id"] = districts.get(sans_accent(texte["district"]))
            if not donnees["district_id"]:
                erreurs.append(_("District inconnu : %s.", texte["district"]))
        donnees["telephone_1"] = False
        telephone = re.sub(r"\.0$", "", texte.get("telephone", ""))
        if telephone:
            try:
                donnees["telephone_1"] = self.env["cnas.assure"]._formater_telephone(telephone)
            except ValidationError:
                erreurs.append(_("Téléphone non valable : %s.", telephone))

    @api.model
    def _verifier_menages(self, lignes):
        """Refuse l'ayant droit dont le ménage n'a pas de chef, ou en a deux."""
        chefs = {}
        for ligne in lignes:
            if not ligne["donnees"]["lien"] and ligne["menage"]:
                chefs.setdefault(ligne["menage"], []).append(ligne)
        for ligne in lignes:
            if not ligne["donnees"]["lien"]:
                continue
            du_menage = chefs.get(ligne["menage"], [])
            if len(du_menage) != 1:
                ligne["erreurs"].append(
                    _("Plusieurs chefs dans le ménage.") if du_menage else _("Aucun chef de ménage dans le fichier."))
            elif du_menage[0]["erreurs"]:
                ligne["erreurs"].append(_("Le chef du ménage est refusé (ligne %s).", du_menage[0]["numero"]))

    @api.model
    def _verifier_repetitions(self, lignes):
        """Marque les lignes déjà importées et refuse les répétitions dans le fichier et les NNI déjà pris."""
        self.env["cnas.assure"].flush_model(["cle_import", "nni"])
        cr = self.env.cr
        cr.execute("SELECT cle_import, id FROM cnas_assure WHERE cle_import = ANY(%s)", ([li["cle"] for li in lignes],))
        connus = dict(cr.fetchall())
        nnis = [li["donnees"]["nni"] for li in lignes if li["donnees"]["nni"]]
        cr.execute("SELECT nni, id FROM cnas_assure WHERE active AND nni = ANY(%s)", (nnis,))
        pris = dict(cr.fetchall())
        vues, nni_vus = {}, {}
        for ligne in lignes:
            premiere = vues.setdefault(ligne["cle"], ligne["numero"])
            nni = ligne["donnees"]["nni"]
            if premiere != ligne["numero"]:
                ligne["erreurs"].append(_("Répète la ligne %s.", premiere))
            elif ligne["cle"] in connus:
                ligne["assure_id"], ligne["note"] = connus[ligne["cle"]], _("Déjà importée.")
            elif nni and nni in pris:
                ligne["erreurs"].append(_("Le NNI %s est déjà celui d'un autre assuré.", nni))
            elif nni and nni_vus.setdefault(nni, ligne["numero"]) != ligne["numero"]:
                ligne["erreurs"].append(_("Même NNI que la ligne %s.", nni_vus[nni]))

    # ------------------------------------------------------------------ import
    def _importer(self):
        """Crée les assurés de ces lignes (idempotent : une ligne déjà créée est passée)."""
        if not self:
            return 0
        self.env.cr.execute(
            "SELECT id FROM cnas_import_assures_ligne WHERE id = ANY(%s) AND state = 'bonne' ORDER BY id FOR UPDATE",
            (self.ids,))
        lignes = self.browse([rang[0] for rang in self.env.cr.fetchall()]).sudo()
        chefs = lignes.filtered(lambda li: not li.donnees.get("lien"))
        chefs._creer_assures()
        (lignes - chefs)._creer_assures()
        self.import_id.sudo()._terminer_si_fini()
        return len(lignes)

    def _creer_assures(self):
        """Crée en un lot ; si le lot est refusé, ligne par ligne, pour ne perdre que la mauvaise."""
        lignes = self._ecarter_deja_connues()
        try:
            with self.env.cr.savepoint():
                lignes._creer_lot()
        except REFUS:
            for ligne in lignes:
                try:
                    with self.env.cr.savepoint():
                        ligne._creer_lot()
                except REFUS as refus:
                    ligne._ecrire({"state": "erreur", "message": self._phrase_du_refus(refus)})

    @api.model
    def _phrase_du_refus(self, refus):
        if isinstance(refus, IntegrityError):
            refus = _as_validation_error(self.env, refus)
        elif isinstance(refus, DataError):
            return _("Une valeur de cette ligne ne s'enregistre pas : corrigez-la.")
        return str(refus)[:500]

    def _ecarter_deja_connues(self):
        self.env.cr.execute("SELECT cle_import, id FROM cnas_assure WHERE cle_import = ANY(%s)", (self.mapped("cle"),))
        connus = dict(self.env.cr.fetchall())
        deja = self.filtered(lambda li: li.cle in connus)
        for ligne in deja:
            ligne._ecrire({"state": "deja", "assure_id": connus[ligne.cle], "message": _("Déjà importée.")})
        return self - deja

    def _creer_lot(self):
        """Crée puis immatricule les assurés de ces lignes, toutes d'un même rang (chefs, ou membres)."""
        if not self:
            return
        principaux = self._principaux_des_menages()
        vals_list = []
        for ligne in self:
            donnees = {c: v for c, v in ligne.donnees.items() if v not in (False, "", None)}
            if ligne.donnees.get("lien"):
                principal = principaux.get((ligne.import_id.id, ligne.menage))
                if not principal:
                    raise UserError(_("Le chef du ménage %s n'a pas pu être créé.", ligne.menage))
                donnees.update(assure_principal_id=principal, type_assure="ayant_droit")
            vals_list.append({**donnees, "regime_id": ligne.import_id.regime_id.id, "cle_import": ligne.cle})
        Assure = self.env["cnas.assure"]
        with sans_suivi():
            # Les valeurs viennent du fichier : seule la clé de la ligne est ouverte.
            with ouvrir(Assure, ("cle_import",)):
                assures = Assure.create(vals_list)
            self._noter_crees(assures)
            a_immatriculer = assures.browse([a.id for a, li in zip(assures, self) if li.import_id.immatriculer])
            if a_immatriculer:
                a_immatriculer.action_immatriculer()

    def _noter_crees(self, assures):
        """Écrit d'une requête l'assuré créé par chaque ligne."""
        self.env.flush_all()
        execute_values(self.env.cr._obj, """
            UPDATE cnas_import_assures_ligne AS l SET state = 'creee', assure_id = v.assure_id, message = NULL
              FROM (VALUES %s) AS v(id, assure_id) WHERE l.id = v.id""",
            [(ligne.id, assure.id) for ligne, assure in zip(self, assures)])
        self.invalidate_recordset()

    def _principaux_des_menages(self):
        """Rend {(import, ménage): assure_id du chef}, en créant les chefs d'une autre plage s'il le faut."""
        membres = self.filtered(lambda li: li.donnees.get("lien"))
        if not membres:
            return {}
        meneurs = self.search([
            ("import_id", "in", membres.import_id.ids), ("menage", "in", list(set(membres.mapped("menage")))),
            ("id", "not in", self.ids)]).filtered(lambda li: not li.donnees.get("lien"))
        meneurs.filtered(lambda li: li.state == "bonne")._importer()
        return {(li.import_id.id, li.menage): li.assure_id.id for li in meneurs if li.assure_id}
