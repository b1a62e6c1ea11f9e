import base64

from odoo import fields

from odoo.addons.cnas_echanges.noemie import ecrire_ligne

from .etape import Etape

DISTRICTS = 6
# Des identifiants au format de DHIS2, de pure démonstration.
ELEMENTS = ("feuilles", "beneficiaires", "enfants", "maternite", "hospitalisations", "rejets", "part_cnas")


class Echanges(Etape):
    """Un mois pour DHIS2, deux complémentaires et leurs fichiers, des actes d'état civil, des passages au guichet."""

    def charger(self):
        """Charge l'étape par les vraies actions."""
        self._dhis2()
        self._complementaires()
        self._etat_civil()
        self._passages()

    # ------------------------------------------------------------------ DHIS2
    def _dhis2(self):
        administrateur, superviseur = "administrateur", "superviseur"
        self.comme(administrateur, "cnas.dhis2.correspondance").create([
            {"indicateur": indicateur, "element": f"CnasElem{rang:03d}"} for rang, indicateur in enumerate(ELEMENTS, 1)])
        districts = self.env["cnas.formation_sanitaire"].search([("state", "=", "active")]).district_id[:DISTRICTS]
        self.comme(administrateur, "cnas.dhis2.unite").create([
            {"district_id": district.id, "uid": f"CnasDist{rang:03d}"} for rang, district in enumerate(districts, 1)])
        envois = self.comme(superviseur, "cnas.dhis2.envoi").create([{"periode": self.calendrier.mois(recul)} for recul in (3, 2, 1, 0)])
        envois[:3].action_calculer()
        for envoi, statut in zip(envois[:2].sudo(), ("SUCCESS", "ERROR")):
            envoi._noter(200 if statut == "SUCCESS" else 409, statut, {"importCount": {"imported": envoi.nb_valeurs}}, reussi=statut == "SUCCESS")

    # ------------------------------------------------------------------ complémentaires
    def _complementaires(self):
        mutuelle, prevoyance = self.comme("superviseur", "cnas.complementaire").create([
            {"code": "MUTCHAD", "name": "Mutuelle du Tchad (factice)"}, {"code": "PREVSAN", "name": "Prévoyance Santé (factice)"}])
        payees = self.env["cnas.feuille_soin"].search([("state", "in", ("validee", "payee")), ("ticket_moderateur", ">", 0)], limit=60, order="id")
        assures = payees.assure_id
        debut = self.calendrier.mois(24)
        affiliations = self.comme("agent", "cnas.affiliation_complementaire").create([
            {"organisme_id": (mutuelle, prevoyance)[rang % 2].id, "assure_id": assure.id, "numero_adherent": f"A{rang:05d}", "date_debut": debut,
             "consentement": rang != 3, "date_consentement": debut if rang != 3 else False} for rang, assure in enumerate(assures[:12])])
        affiliations.filtered("consentement").action_activer()
        affiliations[-1:].action_retirer("La personne ne veut plus que ses décisions partent.")
        fichiers = self.env["cnas.fichier_complementaire"].with_user(self.usager("superviseur"))
        self._suivre(fichiers._preparer(mutuelle.sudo()).with_user(self.usager("finance")))
        refuse = fichiers._preparer(prevoyance.sudo()).with_user(self.usager("finance"))
        if refuse:
            refuse.action_transmettre()
            refuse.action_refuser("Norme inconnue chez nous")
        # un dernier, encore à transmettre : une personne affiliée depuis
        tardive = self.comme("agent", "cnas.affiliation_complementaire").create({
            "organisme_id": mutuelle.id, "assure_id": assures[13:14].id or assures[-1:].id, "date_debut": debut, "consentement": True, "date_consentement": debut})
        tardive.action_activer()
        fichiers._preparer(mutuelle.sudo())

    @staticmethod
    def _suivre(fichier):
        """Transmet, fait accepter et reçoit le retour : l'organisme prend la moitié de chaque reste."""
        if not fichier:
            return
        fichier.action_transmettre()
        fichier.action_accepter()
        retour = "\r\n".join(ecrire_ligne("200", rang=p.rang, dossier=p.feuille_id.numero, pris=int(p.montant_presente) // 2)
                             for p in fichier.sudo().prise_ids)
        fichier.importer_retour(base64.b64encode(retour.encode()).decode())

    # ------------------------------------------------------------------ état civil
    def _etat_civil(self):
        vieux = self.env["cnas.assure"].search([("state", "=", "actif"), ("type_assure", "=", "principal"), ("date_deces", "=", False)],
                                               limit=2, order="date_naissance, id")
        mere = self.env["cnas.assure"].search([("state", "=", "actif"), ("genre", "=", "feminin"), ("type_assure", "=", "principal")], limit=1, order="id desc")
        jour = fields.Date.to_string(self.calendrier.jour(3))
        lignes = ["nature;numero_acte;date_evenement;matricule;nom;prenom;genre"]
        lignes += [f"décès;D-{rang:04d};{jour};{assure.matricule};;;" for rang, assure in enumerate(vieux, 1)]
        lignes += [f"naissance;N-0001;{jour};{mere.matricule};{mere.nom};Espoir;F", f"naissance;N-0002;{jour};;INCONNU;Sans dossier;M"]
        recu = self.comme("agent", "cnas.import_fichier").create({
            "sujet": "etat_civil", "nom_fichier": "actes.csv", "fichier": base64.b64encode("\n".join(lignes).encode())})
        recu.action_controler()
        recu.action_appliquer()
        actes = self.comme("superviseur", "cnas.evenement_civil").search([])
        actes.filtered(lambda a: a.numero_acte == "N-0001").action_appliquer()
        actes.filtered(lambda a: a.numero_acte == "D-0002").action_ecarter("Homonyme : la personne est vivante.")

    # ------------------------------------------------------------------ passages
    def _passages(self):
        feuilles = self.env["cnas.feuille_soin"].search([("formation_id", "in", self.usager("formation").formation_ids.ids), ("state", "!=", "brouillon")], limit=3)
        passages = self.comme("formation", "cnas.passage")
        for rang, feuille in enumerate(feuilles):
            passages.demander(feuille.formation_id.code, feuille.assure_id.matricule, "portail")
            passage = self.env["cnas.passage"].search([("assure_id", "=", feuille.assure_id.id)], limit=1)
            if rang:
                passages.confirmer(feuille.formation_id.code, feuille.assure_id.matricule, passage._code())
        messages = self.env["cnas.message_patient"]._creer([
            {"feuille_id": feuille.id, "numero": f"+2356600000{rang}"} for rang, feuille in enumerate(feuilles)])
        for message in messages[:2]:
            message._recevoir(message.numero, "NON")
        messages[:1].with_user(self.usager("superviseur")).action_traiter("Le patient se trompait de jour : carnet vu.")
