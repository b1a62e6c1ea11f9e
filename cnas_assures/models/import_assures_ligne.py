from datetime import date

from psycopg2 import DataError, IntegrityError
from psycopg2.extras import execute_values

from odoo import _, api, fields, models
from odoo.exceptions import UserError
from odoo.service.model import _as_validation_error

from odoo.addons.cnas_base.garde import ouvrir, sans_suivi
from odoo.addons.cnas_base.impression.kit import est_arabe
from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import lire_date, lire_date_naissance, nom_de_colonne, sans_accent

from ..phonetique import proposer_latin
from ..vocabulaire import couper_telephones, lire_case, lire_genre, lire_lien, montrer_case, vide
from .droit import DEBUT_PLAUSIBLE

# Ce qu'une ligne peut faire refuser ; un conflit de concurrence, lui, fait rejouer toute la plage.
REFUS = (UserError, IntegrityError, DataError)
# « Na » est un nom, « 0 » un numéro de ménage.
PEUT_RESSEMBLER_AU_VIDE = ("menage", "nom", "prenom", "nom_ar", "prenom_ar", "nom_pere", "nom_mere")
# Écrites par le rapport, elles ne font pas partie de la ligne envoyée.
COLONNES_DU_RAPPORT = ("ligne", "resultat", "que_faire", "reponse", "matricule")
REPONSES_LUES = {
    **dict.fromkeys(("autre", "autre personne", "une autre personne", "nouveau", "nouvelle", "nouvelle personne", "creer",
                     "nouveau menage", "autre menage"), "autre"),
    **dict.fromkeys(("meme", "meme personne", "la meme personne", "la meme", "meme menage", "oui"), "meme"),
}
# Ce que l'import fera de la ligne, tant qu'il ne l'a pas fait.
A_FAIRE = ("bonne", "rapprocher")
IDENTITE_LUE = ("nom", "prenom", "genre", "date_naissance", "nom_mere", "nom_pere", "nni")


class ImportAssuresLigne(models.Model):
    """Une ligne d'un import : ce qu'elle donne, son verdict, la personne créée ou reconnue. Écrite par l'import seul.

    | résultat | veut dire |
    |---|---|
    | À créer, Créée | personne nouvelle |
    | Déjà connue | reconnue, rien à changer |
    | À rapprocher, Rapprochée | reconnue ; ce qui diffère devient une demande de correction d'identité |
    | À décider | ressemble à une personne connue : un agent dit si c'est elle ; `en_attente`, elle se crée en brouillon |
    | Refusée | le message dit quoi corriger |
    """

    _name = "cnas.import_assures.ligne"
    _description = "Ligne d'import d'assurés"
    _inherit = ["cnas.garde.mixin"]
    _order = "import_id, numero, id"
    _rec_name = "nom_complet"

    _champs_geles = (
        "import_id", "numero", "menage", "cle_menage", "menage_lieu", "village", "nom_complet", "donnees", "brut", "cle",
        "state", "message", "assure_id", "candidat_id", "principal_id", "propose_menage", "en_attente", "reponse",
        "changements")

    import_id = fields.Many2one(
        comodel_name="cnas.import_assures", string="Import", required=True, index=True, ondelete="cascade")
    numero = fields.Integer(string="Ligne")
    menage = fields.Char(string="Ménage")
    cle_menage = fields.Char(string="Clé du ménage", help="Numéro, district et village : un ménage de ce fichier.")
    menage_lieu = fields.Char(string="Numéro et district", index=True)
    village = fields.Char(string="Village lu")
    nom_complet = fields.Char(string="Nom complet")
    donnees = fields.Json(string="Valeurs lues")
    brut = fields.Json(string="Ligne envoyée", help="[[colonne, valeur]], telle que le fichier la donne.")
    cle = fields.Char(string="Clé", index=True)
    state = fields.Selection(
        selection=[("bonne", "À créer"), ("rapprocher", "À rapprocher"), ("a_decider", "À décider"),
                   ("deja", "Déjà connue"), ("erreur", "Refusée"), ("creee", "Créée"), ("rapprochee", "Rapprochée")],
        string="Résultat", required=True, index=True)
    message = fields.Char(string="Message")
    assure_id = fields.Many2one(comodel_name="cnas.assure", string="Assuré", index="btree_not_null", ondelete="set null")
    candidat_id = fields.Many2one(
        comodel_name="cnas.assure", string="Ressemble à", index="btree_not_null", ondelete="set null")
    principal_id = fields.Many2one(
        comodel_name="cnas.assure", string="Chef déjà connu", index="btree_not_null", ondelete="set null")
    propose_menage = fields.Boolean(string="Ménage à décider", help="« Ressemble à » nomme le chef, pas la personne.")
    en_attente = fields.Boolean(string="Se crée en brouillon")
    reponse = fields.Selection(selection=[("autre", "Autre personne"), ("meme", "Même personne")], string="Réponse")
    changements = fields.Json(string="Ce qui diffère", help="corrections d'identité à demander, champs vides à compléter.")

    # ------------------------------------------------------------------ lecture d'une ligne
    @api.model
    def _lire_ligne(self, import_, rang, districts):
        """Rend une ligne normalisée et la liste de ses erreurs, en français."""
        texte = {c: "" if isinstance(v, date) else lire_case(v, c in PEUT_RESSEMBLER_AU_VIDE) for c, v in rang.items()}
        ligne = {
            "numero": rang.numero, "menage": texte.get("menage") or None, "erreurs": [], "notes": [], "assure_id": None,
            "candidat_id": None, "principal_id": None, "propose_menage": False, "en_attente": False, "a_decider": "",
            "changements": None, "matricule": texte.get("matricule", ""), "reponse": None, "candidats": [],
            "brut": [[c, montrer_case(v)] for c, v in rang.items() if nom_de_colonne(c) not in COLONNES_DU_RAPPORT]}
        donnees = ligne["donnees"] = self._lire_noms(texte, ligne)
        self._lire_reponse(texte.get("reponse", ""), ligne)
        self._lire_naissance(rang, texte, donnees, ligne["erreurs"])
        self._lire_lieu(texte, ligne, districts)
        self._lire_telephones_ligne(texte, ligne)
        self._lire_affiliation(import_, rang, donnees, ligne["erreurs"])
        donnees["decision_amed"] = texte.get("decision") or import_.decision or False
        for champ in ("nom_pere", "nom_mere"):
            donnees[champ] = texte.get(champ) or False
        donnees["nni"] = self.env["cnas.assure"]._normaliser_matricule(texte.get("nni")) or False
        ligne["nom_complet"] = f"{donnees['nom']} {donnees['prenom']}".strip() or None
        return ligne

    @api.model
    def _lire_noms(self, texte, ligne):
        """Lit le nom, le prénom, le genre et le lien ; un nom seul suffit."""
        nom, prenom = texte.get("nom", ""), texte.get("prenom", "")
        if not nom:
            nom, prenom = prenom, ""
        arabes = self._lire_noms_arabes(texte, nom, prenom, ligne)
        nom, prenom = (proposer_latin(n) if est_arabe(n) else n for n in (nom, prenom))
        if not any(c.isalpha() for c in nom):
            ligne["erreurs"].append(_("Nom manquant ou illisible."))
        elif prenom and not any(c.isalpha() for c in prenom):
            ligne["erreurs"].append(_("Prénom manquant ou illisible."))
        genre = lire_genre(texte.get("genre", ""))
        if not genre:
            ligne["erreurs"].append(_("Genre illisible : « %s ». Écrivez masculin ou feminin.", texte.get("genre", "")))
        ligne["lien_donne"], ligne["lien"] = bool(texte.get("lien")), lire_lien(texte.get("lien")) if texte.get("lien") else ""
        if ligne["lien"] is None:
            ligne["erreurs"].append(_("Lien inconnu : « %s ». Écrivez chef, conjoint, enfant, ascendant, ou autre pour une "
                                      "personne à charge.", texte["lien"]))
        return {"nom": nom, "prenom": prenom, "genre": genre or False, "lien": ligne["lien"] or "", **arabes}

    @api.model
    def _lire_noms_arabes(self, texte, nom, prenom, ligne):
        """Rend {champ: nom en arabe} ; un nom donné en arabe seul se propose en latin, et la ligne le dit."""
        arabes = {}
        for champ, valeur, phrase in (("nom_ar", nom, _("Nom en arabe « %(arabe)s » : « %(latin)s » est proposé en latin, relisez-le.")),
                                      ("prenom_ar", prenom, _("Prénom en arabe « %(arabe)s » : « %(latin)s » est proposé en latin, relisez-le."))):
            arabes[champ] = texte.get(champ) or (valeur if est_arabe(valeur) else False)
            if est_arabe(valeur):
                ligne["notes"].append(phrase % {"arabe": valeur, "latin": proposer_latin(valeur)})
            if arabes[champ] and (not est_arabe(arabes[champ]) or any(c.isalpha() and not est_arabe(c) for c in arabes[champ])):
                ligne["erreurs"].append(_("Le nom en arabe « %s » s'écrit en lettres arabes.", arabes[champ]))
        return arabes

    @api.model
    def _lire_reponse(self, texte, ligne):
        """Lit ce que l'agent a répondu dans le rapport renvoyé : autre, même, ou un matricule."""
        ligne["reponse"] = REPONSES_LUES.get(sans_accent(texte))
        ligne["matricule_repondu"] = texte if texte and not ligne["reponse"] else ""

    @api.model
    def _lire_naissance(self, rang, texte, donnees, erreurs):
        """Lit la date de naissance, ou l'année seule (« né vers 1975 ») portée au 1er juillet."""
        donnees["date_naissance"] = False
        quoi, champ = _("Date de naissance"), "date_naissance"
        if vide(rang.get(champ)) and not vide(rang.get("annee_naissance")):
            quoi, champ = _("Année de naissance"), "annee_naissance"
        try:
            jour, estimee = lire_date_naissance(None if vide(rang.get(champ)) else rang.get(champ), quoi)
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
    def _lire_lieu(self, texte, ligne, districts):
        """Lit le district, à une graphie près, et le village ; ce qui manque se prend au ménage, puis à l'import."""
        ligne["donnees"].update(district_id=False, localite=texte.get("localite") or False)
        if texte.get("district"):
            trouve, proches = self.env["cnas.district"]._lire_nom(texte["district"], districts)
            ligne["donnees"]["district_id"] = trouve
            if not trouve:
                ligne["erreurs"].append(self.env["cnas.district"]._phrase_inconnu(texte["district"], proches))

    @api.model
    def _lire_telephones_ligne(self, texte, ligne):
        """Lit deux numéros au plus : un numéro faux ou de trop se note, il n'arrête pas une personne."""
        cases = [m for champ in ("telephone", "telephone_2") if texte.get(champ) for m in couper_telephones(texte[champ])]
        bons, faux = self.env["cnas.assure"]._lire_telephones(cases)
        ligne["donnees"].update(zip(("telephone_1", "telephone_2"), [*bons, False, False]))
        laisses = [*faux, *bons[2:]]
        if laisses:
            ligne["notes"].append(_("Téléphone non retenu : %s.", ", ".join(laisses)))

    @api.model
    def _lire_affiliation(self, import_, rang, donnees, erreurs):
        affiliation, lue = None, rang.get("date_affiliation")
        try:
            affiliation = lire_date(None if vide(lue) else lue, import_.date_affiliation, _("Date d'affiliation"))
        except UserError as refus:
            erreurs.append(str(refus))
        if affiliation and affiliation > aujourd_hui():
            erreurs.append(_("Date d'affiliation dans le futur."))
        elif affiliation and affiliation < DEBUT_PLAUSIBLE:
            erreurs.append(_("Date d'affiliation trop ancienne."))
        donnees["date_affiliation"] = affiliation.isoformat() if affiliation else False

    # ------------------------------------------------------------------ rapport
    def _rang_rapport(self, colonnes):
        """Rend la ligne du rapport : ce qu'il faut faire, puis la ligne telle qu'envoyée."""
        brut = dict(self.brut or ())
        etat = dict(self._fields["state"]._description_selection(self.env))[self.state]
        reponse = dict(self._fields["reponse"]._description_selection(self.env)).get(self.reponse)
        return [self.numero, etat, self._que_faire(), reponse, self.assure_id.matricule, *(brut.get(c) for c in colonnes)]

    def _que_faire(self):
        message = self.message or ""
        if self.state == "erreur":
            return _("Corrigez : %s", message)
        if self.state == "a_decider" and self.candidat_id:
            return _("%s Écrivez « autre » ou « même » dans « Réponse ».", message)
        if self.state in ("bonne", "creee", "deja", "rapprochee") and not message:
            return _("Rien.")
        return message

    # ------------------------------------------------------------------ décisions
    def action_autre_personne(self):
        """Répond que ces lignes sont d'autres personnes que celles à qui elles ressemblent : elles se créeront.

        :return: True
        """
        lignes = self._a_decider()
        for ligne in lignes:
            if ligne.propose_menage:
                ligne._ecrire({"state": "erreur", "reponse": "autre", "message": _(
                    "Ce n'est pas le ménage de %s : ajoutez au fichier la ligne de son chef.", ligne.candidat_id.name)})
            else:
                ligne._ecrire({"state": "bonne", "reponse": "autre", "en_attente": False, "cle": ligne._cle_d_une_autre(),
                               "message": _("Décidé : ce n'est pas %s.", ligne.candidat_id.name)})
        lignes._liberer_membres()
        return True

    def action_meme_personne(self):
        """Répond que ces lignes sont bien les personnes (ou les ménages) à qui elles ressemblent.

        :return: True
        """
        lignes = self._a_decider()
        fiches = lignes._fiches_des_candidats()
        for ligne in lignes:
            if ligne.propose_menage:
                ligne._ecrire({"state": "bonne", "reponse": "meme", "principal_id": ligne.candidat_id.famille_id.id,
                               "message": _("Décidé : à rattacher à %s.", ligne.candidat_id.famille_id.name)})
                continue
            fiche = fiches[ligne.candidat_id]
            changements = self._ce_qui_differe(ligne.donnees, fiche)
            ligne._ecrire({
                "state": "rapprocher", "reponse": "meme", "en_attente": False, "assure_id": fiche["id"], "changements": changements or {},
                "message": self._phrase_changements(changements) or _("Décidé : c'est %s.", ligne.candidat_id.name)})
        lignes._liberer_membres()
        return True

    def _cle_d_une_autre(self):
        """Rend une clé à elle seule : elle ne peut pas être prise pour la personne dont on vient de la distinguer."""
        return f"{self.cle[:20]}-{self.import_id.id}-{self.numero}"

    def _a_decider(self):
        """Rend ces lignes avec les droits de l'import, si l'usager peut en décider."""
        self.check_access_rights("read")
        self.check_access_rule("read")
        self.import_id._exiger_groupe("cnas_base.group_agent", _("décider d'une ligne d'import"))
        if any(ligne.state != "a_decider" or not ligne.candidat_id for ligne in self):
            raise UserError(_("Il n'y a rien à décider sur cette ligne."))
        return self.sudo()

    def _liberer_membres(self):
        """Rend « à créer » les lignes des ménages qui n'attendaient que la décision sur ces chefs."""
        menages = {(chef.import_id, chef.cle_menage) for chef in self
                   if chef.cle_menage and not chef.propose_menage and not chef.donnees.get("lien")}
        self.search([
            ("import_id", "in", [import_.id for import_, _cle in menages]), ("cle_menage", "in", [cle for _import, cle in menages]),
            ("state", "=", "a_decider"), ("candidat_id", "=", False),
        ]).filtered(lambda li: (li.import_id, li.cle_menage) in menages)._ecrire({"state": "bonne", "en_attente": False, "message": False})

    # ------------------------------------------------------------------ import
    def _importer(self):
        """Crée ou rapproche les personnes de ces lignes (idempotent : une ligne déjà faite est passée)."""
        if not self:
            return 0
        self.env.cr.execute(
            """SELECT id FROM cnas_import_assures_ligne
                WHERE id = ANY(%s) AND (state IN %s OR (state = 'a_decider' AND en_attente)) ORDER BY id FOR UPDATE""",
            (self.ids, A_FAIRE))
        lignes = self.browse([rang[0] for rang in self.env.cr.fetchall()]).sudo()
        a_rapprocher = lignes.filtered(lambda li: li.state == "rapprocher")
        chefs = (lignes - a_rapprocher).filtered(lambda li: not li.donnees.get("lien"))
        chefs._creer_assures()
        (lignes - a_rapprocher - chefs)._creer_assures()
        a_rapprocher._rapprocher()
        self.import_id.sudo()._terminer_si_fini()
        return len(lignes)

    def _creer_assures(self):
        """Crée en un lot ; si le lot est refusé, ligne par ligne, pour ne perdre que la mauvaise."""
        self._par_lot("_creer_lot", self._ecarter_deja_connues())

    def _rapprocher(self):
        """Demande les corrections et complète les dossiers reconnus, en un lot ou ligne par ligne."""
        self._par_lot("_rapprocher_lot", self)

    @api.model
    def _par_lot(self, methode, lignes):
        try:
            with self.env.cr.savepoint():
                getattr(lignes, methode)()
        except REFUS:
            for ligne in lignes:
                try:
                    with self.env.cr.savepoint():
                        getattr(ligne, methode)()
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
            donnees = {c: v for c, v in ligne.donnees.items() if v not in (False, "", None) and c != "candidats"}
            if ligne.donnees.get("lien"):
                principal = principaux.get(ligne.id)
                if not principal:
                    raise UserError(_("Le chef du ménage %s n'a pas pu être créé.", ligne.menage))
                donnees.update(assure_principal_id=principal, type_assure="ayant_droit")
            vals_list.append({**donnees, "regime_id": ligne.import_id.regime_id.id, "cle_import": ligne.cle})
        Assure = self.env["cnas.assure"]
        with sans_suivi():
            # Les valeurs viennent du fichier : seule la clé de la ligne est ouverte.
            with ouvrir(Assure, ("cle_import",)):
                assures = Assure.create(vals_list)
            self._ecarter_paires_decidees(assures)
            brouillons = self._rester_en_brouillon(assures)
            self._noter_crees(assures, brouillons)
            a_immatriculer = assures - brouillons
            if a_immatriculer:
                a_immatriculer.action_immatriculer()

    def _rester_en_brouillon(self, assures):
        """Rend ceux qui attendent : l'import n'immatricule pas, un double se décide d'abord, ou leur chef lui-même attend."""
        doubles = assures._double_sans_decision()
        attendent = [a.id for a, li in zip(assures, self)
                     if li.en_attente or not li.import_id.immatriculer or a.id in doubles]
        chefs_en_attente = assures.filtered(lambda a: a.assure_principal_id.state == "brouillon")
        return assures.browse(attendent) | chefs_en_attente

    def _ecarter_paires_decidees(self, assures):
        """Un agent a dit à l'import que ce sont deux personnes : la file d'examen le sait."""
        decides = {a.id: li for a, li in zip(assures, self) if li.reponse == "autre" and li.candidat_id}
        if not decides:
            return
        paires = self.env["cnas.doublon"].sudo().search([
            ("state", "=", "a_examiner"), "|", ("assure_1_id", "in", list(decides)), ("assure_2_id", "in", list(decides))])
        for assure, ligne in decides.items():
            vus = {*(ligne.donnees.get("candidats") or ()), ligne.candidat_id.id}
            paires.filtered(lambda p, a=assure, v=vus: {p.assure_1_id.id, p.assure_2_id.id} - {a} <= v)._changer_etat(
                "ecarte", motif=_("Décidé à l'import « %(titre)s », ligne %(ligne)s", titre=ligne.import_id.name,
                                  ligne=ligne.numero),
                decideur_id=ligne.write_uid.id, date_decision=fields.Datetime.now())

    def _noter_crees(self, assures, brouillons):
        """Écrit d'une requête l'assuré créé par chaque ligne."""
        self.env.flush_all()
        attente = _("Créée en brouillon : à décider avec %s, dans la file des doublons.")
        execute_values(self.env.cr._obj, """
            UPDATE cnas_import_assures_ligne AS l SET state = 'creee', assure_id = v.assure_id, message = v.message
              FROM (VALUES %s) AS v(id, assure_id, message) WHERE l.id = v.id""",
            [(ligne.id, assure.id, attente % ligne.candidat_id.display_name
              if ligne.en_attente and ligne.candidat_id else
              _("Créée en brouillon.") if assure in brouillons else ligne.message or None)
             for ligne, assure in zip(self, assures)])
        self.invalidate_recordset()

    def _principaux_des_menages(self):
        """Rend {ligne: assure_id du chef}, en créant les chefs d'une autre plage s'il le faut."""
        membres = self.filtered(lambda li: li.donnees.get("lien"))
        if not membres:
            return {}
        connus = {li.id: li.principal_id.id for li in membres if li.principal_id}
        reste = membres.filtered(lambda li: li.id not in connus)
        meneurs = self.search([
            ("import_id", "in", reste.import_id.ids), ("cle_menage", "in", list(set(reste.mapped("cle_menage")))),
            ("state", "!=", "erreur"), ("id", "not in", self.ids)]).filtered(lambda li: not li.donnees.get("lien"))
        meneurs.filtered(lambda li: li.state == "bonne" or (li.state == "a_decider" and li.en_attente))._importer()
        chefs = {(li.import_id.id, li.cle_menage): li.assure_id.famille_id.id for li in meneurs if li.assure_id}
        return connus | {li.id: chefs.get((li.import_id.id, li.cle_menage)) for li in reste}

    def _rapprocher_lot(self):
        """Demande les corrections d'identité (un autre agent validera) et complète ce qui était vide."""
        if not self:
            return
        corrections = []
        for ligne in self:
            changements = ligne.changements or {}
            assure, demandes = ligne.assure_id, changements.get("corrections") or {}
            directs = dict(changements.get("complements") or {})
            if assure.state == "brouillon":
                directs.update(demandes)
            elif demandes:
                corrections.append(self._valeurs_correction(ligne, demandes))
            directs = {c: v for c, v in directs.items() if not assure[c] or assure.state == "brouillon"}
            if directs:
                assure.write(directs)
        demandes = self.env["cnas.correction_identite"].with_user(self.env.user).create(corrections)
        if demandes:
            demandes.action_soumettre()
        self._ecrire({"state": "rapprochee"})

    @api.model
    def _valeurs_correction(self, ligne, demandes):
        valeurs = dict(demandes)
        if "date_naissance_estimee" in valeurs:
            valeurs["date_naissance_estimee"] = "oui" if valeurs["date_naissance_estimee"] else "non"
        return {**valeurs, "assure_id": ligne.assure_id.id, "motif": _(
            "Liste « %(titre)s », ligne %(ligne)s", titre=ligne.import_id.name, ligne=ligne.numero)}
