import base64
import hashlib
import json

from psycopg2 import Error as ErreurBase
from psycopg2 import IntegrityError, OperationalError

from odoo import _, api, models
from odoo.exceptions import UserError

from odoo.addons.cnas_base.jour import aujourd_hui
from odoo.addons.cnas_base.lecture import montrer
from odoo.addons.cnas_base.ramassage import sans_ramassage
from odoo.addons.cnas_base.tour import prendre_son_tour

from ...lecture_feuille import LecteurFeuille

# Un lot est numéroté d'un trait ; ce qui vient ensuite (le lot suivant) fait attendre les autres envois de l'agence.
TAILLE_LOT = 1000
ENVOI_MAX = 20_000
# Au-delà, un envoi attend son tour : dix classeurs d'hôpital partis ensemble feraient attendre tout le guichet.
GROS_ENVOI = 10
# Ce qui se compare, quand une même référence revient avec un autre contenu.
COMPARES = ("assure_id", "date_soins", "date_fin_soins", "pathologie_id", "praticien_id", "urgence", "type_soins", "mode", "entente_id")


class FeuilleSoin(models.Model):
    """Import : les scripts, les formations et les classeurs déposent ici leurs feuilles."""

    _inherit = "cnas.feuille_soin"

    # ------------------------------------------------------------------ RPC
    @api.model
    def importer(self, feuilles):
        """Dépose un envoi de feuilles : les bonnes sont déposées, les mauvaises refusées avec leurs motifs.

        Rejouer le même envoi rend les mêmes identifiants sans rien créer. Une feuille est écrite
        entièrement ou pas du tout ; un refus n'empêche pas les autres. Au-delà de dix feuilles, un envoi attend son tour.

        :param list feuilles: dictionnaires ``{"reference", "formation": code, "matricule", "date_soins",
            "pathologie": code, "lignes": [{"prestation": code, "quantite", "prix_unitaire"}]}`` et, au choix,
            ``date_fin_soins, praticien, urgence, type_soins, mode, agence, date_depot, entente, total,
            pieces: [{"type": code, "nom", "contenu": base64}]`` ; dates AAAA-MM-JJ, montants entiers en XAF ;
            ``carte`` : numéro de la carte présentée ; ``nouveau_ne, date_naissance_declaree, rang_naissance`` : un nouveau-né
            soigné sous le numéro de sa mère ; ``remplace`` : le numéro d'une feuille non contrôlée, que celle-ci corrige et
            retire ; ``date_depot`` (reprise de papiers déposés plus tôt) n'est reçue que d'un agent, et tracée
        :return: liste de même longueur et de même ordre :
            ``{"reference", "id"|False, "numero"|False, "state"|False, "erreurs": [phrase…]}``
        :raise UserError: ce qui est reçu n'est pas une liste, ou dépasse 20 000 feuilles
        """
        self._exiger_groupe(("cnas_base.group_agent", "cnas_base.group_portail_formation"), _("importer des feuilles"))
        if not isinstance(feuilles, (list, tuple)):
            raise UserError(_("Envoyez une liste de feuilles ; reçu : %s.", montrer(feuilles)))
        if len(feuilles) > ENVOI_MAX:
            raise UserError(_("Un envoi porte au plus %s feuilles : découpez-le.", ENVOI_MAX))
        prendre_son_tour(self.env.cr, "importer", gros=len(feuilles) > GROS_ENVOI)
        resultats = []
        for debut in range(0, len(feuilles), TAILLE_LOT):
            resultats += self._importer_lot(feuilles[debut:debut + TAILLE_LOT])
        return resultats

    # ------------------------------------------------------------------ un lot
    def _importer_lot(self, brutes):
        """Importe un lot : nombre de requêtes constant tant que la base ne refuse rien."""
        with sans_ramassage():
            lectures, a_creer = self._juger_lot(brutes)
            self._creer_lot(a_creer)
            self._rendre_connues(lectures)
        return [lecture.resultat for lecture in lectures]

    def _juger_lot(self, brutes):
        """Juge un lot sans rien écrire ; rend (toutes les lectures, celles qui feront une feuille)."""
        aujourdhui = aujourd_hui()
        taille_max = self.env["cnas.parametre"]._au("taille_max_piece_mo", aujourdhui)
        # Une formation qui daterait son dépôt échapperait à la forclusion.
        depot_libre = not self._vient_d_une_formation()
        lectures = [LecteurFeuille(brute, aujourdhui, taille_max, depot_libre).lire() for brute in brutes]
        self._resoudre_codes(lectures)
        connues, annulees = self._feuilles_connues(lectures)
        self._lire_remplacees(lectures)
        a_creer = []
        for lecture in lectures:
            valeurs = lecture.valeurs
            lecture.resultat = {"reference": self._reference_rendue(lecture), "id": False, "numero": False, "state": False,
                                "erreurs": lecture.erreurs}
            if lecture.erreurs:
                continue
            cle = (valeurs["formation_id"], valeurs["reference"])
            annulee = annulees.get((*cle, valeurs["empreinte"]))
            if annulee and not lecture.remplacee:
                lecture.deja = annulee
                continue
            if lecture.remplacee and connues.get(cle) and self._est_remplacee(connues[cle], lecture):
                del connues[cle]
            premiere = connues.setdefault(cle, lecture)
            if premiere is lecture:
                lecture.erreurs += self._refus_de_remplacer(lecture, a_creer)
                if not lecture.erreurs:
                    a_creer.append(lecture)
            else:
                lecture.deja = premiere
        return lectures, a_creer

    def _rendre_connues(self, lectures):
        """Rend les feuilles déjà enregistrées, lues ensemble."""
        deja_la = [lecture for lecture in lectures if lecture.deja is not None]
        dossiers = {f.id: f for f in self.sudo().browse({x.deja["id"] for x in deja_la if isinstance(x.deja, dict)})}
        for lecture in deja_la:
            self._rendre_connue(lecture, dossiers)

    def _rendre_connue(self, lecture, dossiers):
        """Rend la feuille déjà enregistrée (ou plus haut dans l'envoi) si le contenu est le même.

        :param dossiers: {id: feuille} de ceux que cite l'envoi, lus ensemble
        """
        deja = lecture.deja
        if isinstance(deja, LecteurFeuille):
            meme = deja.valeurs["empreinte"] == lecture.valeurs["empreinte"]
            if meme:
                lecture.resultat.update(deja.resultat)
                return
            numero = deja.resultat["numero"]
        else:
            meme = deja["empreinte"] == lecture.valeurs["empreinte"]
            if meme:
                lecture.resultat.update(id=deja["id"], numero=deja["numero"] or False, state=deja["state"])
                if deja["state"] in ("rejetee", "annulee"):
                    lecture.erreurs.append(dossiers[deja["id"]]._phrase_deja_close())
                return
            numero = deja["numero"]
        lecture.erreurs.append(_(
            "La référence « %(reference)s » est déjà prise par un autre contenu (dossier %(numero)s) : "
            "vérifiez le numéro de la feuille.",
            reference=lecture.valeurs["reference"], numero=numero or _("du même envoi")))
        if numero and not isinstance(deja, LecteurFeuille):
            lecture.erreurs.append(self._phrase_d_ecart(dossiers[deja["id"]], lecture.valeurs))

    # ------------------------------------------------------------------ remplacer
    def _lire_remplacees(self, lectures):
        """Retrouve, en une requête, la feuille que chaque envoi dit remplacer."""
        demandes = [lecture for lecture in lectures if not lecture.erreurs and lecture.valeurs["remplace"]]
        feuilles = self.sudo().search([("numero", "in", [x.valeurs["remplace"] for x in demandes])]) if demandes else self
        par_numero = {feuille.numero: feuille for feuille in feuilles}
        for lecture in demandes:
            lecture.remplacee = par_numero.get(lecture.valeurs["remplace"], self.browse())
            if lecture.remplacee.formation_id.id != lecture.valeurs["formation_id"]:
                lecture.erreurs.append(_("« remplace » : la feuille « %s » n'est pas une feuille de cette formation.",
                                         lecture.valeurs["remplace"]))

    @staticmethod
    def _est_remplacee(connue, lecture):
        """Dit si la feuille déjà connue sous cette référence est celle que l'envoi remplace, par un autre contenu."""
        return (isinstance(connue, dict) and connue["id"] == lecture.remplacee.id
                and connue["empreinte"] != lecture.valeurs["empreinte"])

    def _refus_de_remplacer(self, lecture, retenues):
        if not lecture.remplacee:
            return []
        if any(retenue.remplacee == lecture.remplacee for retenue in retenues if retenue.remplacee):
            return [_("« remplace » : une autre feuille de cet envoi remplace déjà « %s ».", lecture.remplacee.numero)]
        raison = lecture.remplacee._raisons("retirer").get(lecture.remplacee.id)
        return [_("« remplace » : %s", raison)] if raison else []

    def _phrase_d_ecart(self, feuille, valeurs):
        """Dit ce qui diffère de la feuille déjà reçue et, tant que son contrôle n'a pas commencé, comment la corriger."""
        # Renvoyer des codes au hasard ne dit pas le diagnostic à qui ne le lit pas.
        compares = [champ for champ in COMPARES if champ != "pathologie_id" or self._peut_lire_diagnostic()]
        ecarts = [self._fields[champ]._description_string(self.env) for champ in compares
                  if (feuille[champ].id if feuille._fields[champ].type == "many2one" else feuille[champ]) != (valeurs[champ] or False)]
        lignes = [(ligne.prestation_id.id, ligne.quantite, ligne.prix_unitaire) for ligne in feuille.ligne_ids]
        if sorted(lignes) != sorted(tuple(ligne) for ligne in valeurs["lignes"]):
            ecarts.append(_("Lignes (%(avant)s reçues, %(apres)s envoyées)", avant=len(lignes), apres=len(valeurs["lignes"])))
        phrase = _("Ce qui diffère : %s.", ", ".join(ecarts) or _("diagnostic, pièces ou total"))
        if not feuille._raisons("retirer"):
            phrase += " " + _("Pour la corriger, renvoyez-la avec « remplace » : « %s ».", feuille.numero)
        return phrase

    # ------------------------------------------------------------------ codes
    def _resoudre_codes(self, lectures):
        """Remplace les codes par des identifiants, en une requête par référentiel, et note les inconnus."""
        lues = [lecture for lecture in lectures if isinstance(lecture.brute, dict)]
        formations = self._formations_permises({v["formation"] for v in (x.valeurs for x in lues) if v["formation"]})
        tables = {
            "pathologie": self._par_code("cnas.pathologie", "code", {x.valeurs["pathologie"] for x in lues}),
            "praticien": self._par_code("cnas.praticien", "numero_ordre", {x.valeurs["praticien"] for x in lues}),
            "agence": self._par_code("cnas.agence", "code", {x.valeurs["agence"] for x in lues}),
            "entente": self._par_code("cnas.entente_prealable", "numero", {x.valeurs["entente"] for x in lues}),
        }
        precis = self._sous_codes({x.valeurs["pathologie"] for x in lues} - tables["pathologie"].keys())
        prestations = self.env["cnas.prestation"].sudo()._prestations_par_code(
            {code for x in lues for code, _quantite, _prix in x.valeurs["lignes"] if code})
        types = self._par_code("cnas.type_piece", "code", {piece[0] for x in lues for piece in x.valeurs["pieces"]})
        assures = self.env["cnas.assure"].sudo()._resoudre_matricules(
            sorted({x.valeurs["matricule"] for x in lues if x.valeurs["matricule"]}))
        cartes = self._cartes({x.valeurs["carte"] or x.valeurs["matricule"] for x in lues})
        for lecture in lues:
            valeurs, erreurs = lecture.valeurs, lecture.erreurs
            valeurs["formation_id"] = formations.get(valeurs["formation"])
            if valeurs["formation"] and not valeurs["formation_id"]:
                erreurs.append(self._phrase_formation(valeurs["formation"]))
            valeurs["assure_id"] = assures.get(valeurs["matricule"])
            if valeurs["matricule"] and not valeurs["assure_id"]:
                erreurs.append(self._phrase_matricule(valeurs["matricule"]))
            valeurs["carte_id"], titulaire = cartes.get(valeurs["carte"] or valeurs["matricule"], (None, None))
            if valeurs["carte"] and titulaire is None or valeurs["assure_id"] not in (titulaire or valeurs["assure_id"], False):
                erreurs.append(_("La carte « %s » n'est pas celle de ce bénéficiaire.", montrer(valeurs["carte"])))
            for nom, table in tables.items():
                valeurs[f"{nom}_id"] = table.get(valeurs[nom])
                if nom == "pathologie" and valeurs[nom] in precis:
                    erreurs.append(_("« pathologie » : « %(code)s » n'est pas assez précis, écrivez l'un de ses "
                                     "sous-codes : %(precis)s.", code=valeurs[nom], precis=precis[valeurs[nom]]))
                elif valeurs[nom] and not valeurs[f"{nom}_id"]:
                    erreurs.append(_("« %(nom)s » : code inconnu « %(code)s ».", nom=nom, code=montrer(valeurs[nom])))
            for rang, (code, _quantite, _prix) in enumerate(valeurs["lignes"], 1):
                if code and code not in prestations:
                    erreurs.append(_("Ligne %(rang)s : prestation inconnue « %(code)s ».",
                                     rang=rang, code=montrer(code)))
            for rang, piece in enumerate(valeurs["pieces"], 1):
                if piece[0] and piece[0] not in types:
                    erreurs.append(_("Pièce %(rang)s : type inconnu « %(code)s ».", rang=rang, code=montrer(piece[0])))
            if not erreurs:
                valeurs["lignes"] = [(prestations[code], q, prix) for code, q, prix in valeurs["lignes"]]
                valeurs["pieces"] = [(types[t], nom, contenu, sha) for t, nom, contenu, sha in valeurs["pieces"]]
                valeurs["empreinte"] = self._empreinte(valeurs)

    @api.model
    def _par_code(self, modele, champ, codes):
        """Rend {code: id} pour les codes connus, archivés compris (les règles les jugeront)."""
        codes = sorted(code for code in codes if code)
        if not codes:
            return {}
        trouves = self.env[modele].sudo().with_context(active_test=False).search_fetch([(champ, "in", codes)], [champ])
        return {record[champ]: record.id for record in trouves}

    def _sous_codes(self, codes):
        """Rend {code CIM-10 à trois signes: « J06.0, J06.9 »} de ceux qui ne se facturent que par leurs sous-codes."""
        if not codes:
            return {}
        self.env.cr.execute("""
            SELECT left(code, 3), string_agg(code, ', ' ORDER BY code) FROM cnas_pathologie
             WHERE active AND left(code, 3) = ANY(%s) GROUP BY 1""", [[code for code in codes if code]])
        return dict(self.env.cr.fetchall())

    @api.model
    def _cartes(self, textes):
        """Rend {texte: (carte, titulaire)} des numéros de carte, fusions de dossiers comprises."""
        normaliser = self.env["cnas.assure"]._normaliser_matricule
        normes = {normaliser(texte): texte for texte in textes if texte}
        self.env["cnas.carte"].flush_model(["numero", "assure_id"])
        self.env.cr.execute("""
            SELECT c.numero, c.id, COALESCE(a.fusionne_dans_id, a.id)
              FROM cnas_carte c JOIN cnas_assure a ON a.id = c.assure_id WHERE c.numero = ANY(%s)
        """, [[norme for norme in normes if norme.isascii() and norme.isalnum()]])
        return {normes[numero]: (carte, titulaire) for numero, carte, titulaire in self.env.cr.fetchall()}

    @api.model
    def _formations_permises(self, codes):
        """Rend {code: id} ; l'usager du portail n'y trouve que ses formations."""
        connues = self._par_code("cnas.formation_sanitaire", "code", codes)
        if self._vient_d_une_formation():
            siennes = set(self.env.user.sudo().formation_ids.ids)
            connues = {code: formation_id for code, formation_id in connues.items() if formation_id in siennes}
        return connues

    def _vient_d_une_formation(self):
        return self.env.user.share and not self.env.su

    def _phrase_formation(self, code):
        if self._vient_d_une_formation():
            return _("La formation « %s » n'est pas la vôtre.", montrer(code))
        return _("Formation sanitaire inconnue : « %s ».", montrer(code))

    def _phrase_matricule(self, matricule):
        if self.env["cnas.matricule.mixin"]._cle_valide(matricule):
            return _("Matricule ou numéro de carte inconnu : « %s ».", montrer(matricule))
        return _("Matricule « %s » inconnu, sa clé de contrôle est fausse : relisez la carte.", montrer(matricule))

    # ------------------------------------------------------------------ idempotence
    @staticmethod
    def _empreinte(valeurs):
        """Rend l'empreinte du contenu : deux envois de même empreinte disent la même chose."""
        contenu = [
            valeurs["formation_id"], valeurs["reference"], valeurs["assure_id"], str(valeurs["date_soins"]),
            str(valeurs["date_fin_soins"] or ""), valeurs["pathologie_id"], valeurs["praticien_id"],
            valeurs["urgence"], valeurs["type_soins"], valeurs["mode"], valeurs["agence_id"],
            str(valeurs["depot_donne"] or ""), valeurs["entente_id"], valeurs["total"], valeurs["lignes"],
            [(type_id, nom, sha) for type_id, nom, _contenu, sha in valeurs["pieces"]],
        ]
        # Ajoutés ensuite : vides, ils laissent aux envois d'hier leur empreinte.
        ajouts = [valeurs["carte_id"] if valeurs["carte"] else None, valeurs["nouveau_ne"] or None,
                  valeurs["date_naissance_declaree"] and str(valeurs["date_naissance_declaree"]), valeurs["rang_naissance"]]
        if any(ajouts):
            contenu.append(ajouts)
        return hashlib.sha256(json.dumps(contenu).encode()).hexdigest()

    def _feuilles_connues(self, lectures):
        """Rend ce qui est déjà en base : ({(formation, référence): feuille}, {(…, empreinte): feuille annulée}).

        Une feuille annulée libère son numéro pour un autre contenu ; le même contenu, lui, ne se redépose pas.
        """
        cles = sorted({(x.valeurs["formation_id"], x.valeurs["reference"]) for x in lectures if not x.erreurs})
        if not cles:
            return {}, {}
        self.env.flush_all()
        self.env.cr.execute("""
            SELECT f.formation_id, f.reference, f.id, f.numero, f.state, f.empreinte
              FROM cnas_feuille_soin f
              JOIN unnest(%s::int[], %s::varchar[]) AS v (formation_id, reference)
                ON v.formation_id = f.formation_id AND v.reference = f.reference
        """, [[cle[0] for cle in cles], [cle[1] for cle in cles]])
        connues, annulees = {}, {}
        for formation, reference, id_, numero, state, empreinte in self.env.cr.fetchall():
            feuille = {"id": id_, "numero": numero, "state": state, "empreinte": empreinte}
            if state == "annulee":
                annulees[formation, reference, empreinte] = feuille
            else:
                connues[formation, reference] = feuille
        return connues, annulees

    @staticmethod
    def _reference_rendue(lecture):
        reference = lecture.brute.get("reference") if isinstance(lecture.brute, dict) else False
        return reference if isinstance(reference, str) else False

    # ------------------------------------------------------------------ écriture
    def _creer_lot(self, lectures):
        """Crée et dépose le lot d'un coup ; si la base refuse, feuille par feuille pour isoler la fautive."""
        if not lectures:
            return
        try:
            with self.env.cr.savepoint():
                self._creer_et_deposer(lectures)
            return
        except OperationalError:
            raise  # conflit de concurrence : Odoo rejoue tout l'appel
        except UserError as erreur:
            refus = str(erreur.args[0])
        except IntegrityError:
            self._rejouer_si_un_autre_les_a_deposees(lectures)
            refus = _("Cette feuille est peut-être en cours d'enregistrement par un autre envoi : renvoyez-la.")
        except ErreurBase:
            refus = _("Cette feuille est peut-être en cours d'enregistrement par un autre envoi : renvoyez-la.")
        if len(lectures) > 1:
            for lecture in lectures:
                self._creer_lot([lecture])
            return
        lectures[0].resultat.update(id=False, numero=False, state=False)
        lectures[0].erreurs.append(refus)

    def _rejouer_si_un_autre_les_a_deposees(self, lectures):
        """Le même envoi vient d'être enregistré ailleurs, que notre instantané ne voit pas : Odoo rejoue l'appel, qui le trouvera."""
        with self.env.registry.cursor() as cr:
            ailleurs, _annulees = self.with_env(self.env(cr=cr))._feuilles_connues(lectures)
        if ailleurs.keys() - self._feuilles_connues(lectures)[0].keys():
            self.env.cr.execute("DO $$BEGIN RAISE EXCEPTION 'feuilles enregistrées par un autre envoi' USING ERRCODE = '40001'; END$$")

    def _creer_et_deposer(self, lectures):
        self.browse().union(*(x.remplacee for x in lectures if x.remplacee)).sudo()._annuler(_("Corrigée et renvoyée"))
        feuilles = self.sudo()._creer([self._valeurs_de_creation(lecture.valeurs) for lecture in lectures], suivi=False)
        self.browse(feuilles.ids)._deposer()
        for lecture, feuille in zip(lectures, feuilles):
            lecture.resultat.update(id=feuille.id, numero=feuille.numero, state=feuille.state)

    @staticmethod
    def _valeurs_de_creation(valeurs):
        commandes = [(0, 0, {"sequence": rang, "prestation_id": prestation_id, "quantite": q, "prix_unitaire": prix})
                     for rang, (prestation_id, q, prix) in enumerate(valeurs["lignes"], 1)]
        pieces = [(0, 0, {"type_id": type_id, "name": nom, "contenu": base64.b64encode(contenu)})
                  for type_id, nom, contenu, _sha in valeurs["pieces"]]
        feuille = {
            "reference": valeurs["reference"], "formation_id": valeurs["formation_id"],
            "assure_id": valeurs["assure_id"], "date_soins": valeurs["date_soins"],
            "date_fin_soins": valeurs["date_fin_soins"] or False, "date_depot": valeurs["date_depot"],
            "pathologie_id": valeurs["pathologie_id"], "praticien_id": valeurs["praticien_id"],
            "urgence": valeurs["urgence"], "type_soins": valeurs["type_soins"], "mode": valeurs["mode"],
            "entente_id": valeurs["entente_id"], "carte_id": valeurs["carte_id"], "nouveau_ne": valeurs["nouveau_ne"],
            "date_naissance_declaree": valeurs["date_naissance_declaree"], "rang_naissance": valeurs["rang_naissance"],
            "empreinte": valeurs["empreinte"], "ligne_ids": commandes, "piece_ids": pieces,
        }
        if valeurs["total"] is not None:
            feuille["total_declare"] = valeurs["total"]
        if valeurs["agence_id"]:
            feuille["agence_id"] = valeurs["agence_id"]
        return feuille
