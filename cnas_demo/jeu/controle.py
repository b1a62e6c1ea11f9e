from datetime import timedelta

from .etape import Etape

FORMATION = "HD-BON-01"


class Controle(Etape):
    """Contrôle après coup du jeu d'essai : une nuit de calcul, une affaire menée à son indu, une campagne conclue, une mission rendue."""

    def charger(self):
        """Raconte chaque objet par ses vraies actions, au jour d'aujourd'hui."""
        self.formation = self.env["cnas.formation_sanitaire"].search([("code", "=", FORMATION)])
        # un agent dont le téléphone est aussi celui d'une formation : la nuit le trouve
        self.usager("agent2").partner_id.mobile = self.formation.telephone_1
        indicateurs = self.env["cnas.indicateur"].search([])
        indicateurs._calculer(*map(str, indicateurs._periode_ordinaire()))
        self._signaler()
        affaire = self._ouvrir_affaire()
        self._mener_campagne(affaire)
        self._mener_mission(affaire)
        self._clore_une_affaire()

    def _signaler(self):
        """Un agent, un assuré et un employeur signalent ; le superviseur en classe un."""
        signalement = self.comme("agent", "cnas.signalement").create({
            "objet": "ordonnance", "formation_id": self.formation.id, "date_faits": self.calendrier.jour(9),
            "texte": "Trois ordonnances de la même écriture, pour des personnes qui ne se connaissent pas."})
        assure = self.env["cnas.assure"].search([("state", "=", "actif"), ("type_assure", "=", "principal")], limit=1)
        self.env["cnas.signalement"]._deposer(assure, {"objet": "soins", "texte": "On m'a compté une radio que je n'ai jamais passée, le mois dernier."})
        employeur = self.env["cnas.employeur"].search([("state", "=", "actif")], limit=1)
        self.env["cnas.signalement"]._deposer(employeur, {"objet": "identite", "texte": "Un ancien salarié se sert encore de sa carte, ses collègues le disent."})
        self.comme("agent2", "cnas.signalement").create({
            "texte": "L'infirmier part à midi, les feuilles du soir sont pourtant signées."}).with_user(self.usager("superviseur")).action_classer(
                "Déjà vérifié le mois dernier : un second infirmier assure le soir.")
        self.signalement = signalement

    def _ouvrir_affaire(self):
        """L'affaire du signalement, instruite par le contrôleur."""
        action = self.signalement.with_user(self.usager("superviseur")).action_ouvrir_affaire()
        affaire = self.comme("superviseur", "cnas.affaire").browse(action["res_id"])
        affaire.write({"responsable_id": self.usager("controleur").id, "equipe_ids": [(6, 0, self.usager("controleur2").ids)]})
        affaire.action_instruire()
        affaire.with_user(self.usager("controleur")).write({"acte_ids": [(0, 0, {
            "nature": "mesure", "objet": "Contrôle de toutes les ordonnances avant paiement", "date": self.calendrier.jour(5),
            "compte_rendu": "Mesure conservatoire, deux mois."}), (0, 0, {
                "nature": "piece", "objet": "Copies des trois ordonnances", "date": self.calendrier.jour(4), "piece_nom": "ordonnances.pdf",
                "piece": self.pdf("ORDONNANCES", "Trois copies, même écriture")})]})
        return affaire

    def _mener_campagne(self, affaire):
        """Un échantillon tiré, jugé, conclu ; l'indu est notifié, la formation conteste."""
        campagne = self.comme("superviseur", "cnas.campagne").create({
            "name": "Médicaments de l'hôpital de Bongor", "affaire_id": affaire.id, "formation_ids": [(6, 0, self.formation.ids)],
            "date_debut": self.calendrier.mois(8), "date_fin": self.calendrier.jour(1), "precision": 8, "classes": 2})
        campagne.action_tirer()
        lignes = campagne.with_user(self.usager("controleur")).ligne_ids
        fausses = lignes.filtered(lambda ligne: ligne.montant_cnas)[::9]
        (lignes - fausses).juger("juste")
        for ligne in fausses:
            ligne.juger("reduite", int(ligne.montant_facture) // 2, "Quantité délivrée : la moitié, d'après le registre de la pharmacie.")
        campagne.action_conclure()
        resultat = campagne.resultat_ids.with_user(self.usager("superviseur"))
        if not resultat.peut_proposer:
            return
        resultat.action_proposer()
        resultat.indu_id.with_user(self.usager("administrateur")).action_notifier()
        resultat.with_user(self.usager("controleur")).action_contester("Deux cartons avaient été rangés au magasin : le registre est à compléter.")

    def _mener_mission(self, affaire):
        """Une mission rendue, une autre à signer."""
        missions = self.comme("controleur", "cnas.mission")
        rendue = missions.create({
            "objet": "Registre de la pharmacie", "formation_id": self.formation.id, "affaire_id": affaire.id, "chef_id": self.usager("controleur").id,
            "equipe_ids": [(6, 0, self.usager("controleur2").ids)], "transport": "Véhicule de service", "date_debut": self.calendrier.jour(0),
            "date_fin": self.calendrier.jour(-2), "a_verifier": "Registre de la pharmacie, trois derniers mois\nOrdonnances en double"})
        rendue.with_user(self.usager("superviseur")).action_signer()
        rendue.write({"rapport": "Registre tenu, mais douze sorties sans ordonnance.", "recommandations": "Numéroter les sorties de la pharmacie."})
        rendue.action_rendre()
        debut = self.calendrier.aujourdhui + timedelta(days=10)
        missions.create({"objet": "Occupation des lits", "formation_id": self.formation.id, "chef_id": self.usager("controleur").id, "date_debut": debut, "date_fin": debut})

    def _clore_une_affaire(self):
        """Une alerte devient une affaire, close sur un avertissement ; une autre est écartée."""
        alertes = self.comme("superviseur", "cnas.alerte").search([("usager_id", "=", False), ("state", "=", "nouvelle")], limit=2)
        for alerte in alertes[:1]:
            affaire = self.comme("superviseur", "cnas.affaire").browse(alerte.action_ouvrir_affaire()["res_id"])
            affaire.write({"responsable_id": self.usager("controleur2").id, "suite": "avertissement", "conclusion": "Une secrétaire recopiait les feuilles : rappel écrit."})
            affaire.action_instruire()
            affaire.with_user(self.usager("administrateur")).action_conclure()
        for alerte in alertes[1:]:
            alerte.action_ecarter("Deux personnes du même nom : l'identité est corrigée.")
