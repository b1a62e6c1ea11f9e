from .etape import Etape
from .feuilles import Feuilles

# De chaque état, quelques dossiers anciens restent : une file a toujours de quoi trier.
GARDES = 3


class Stock(Etape):
    """Ce qui attendait depuis plus d'un mois se dénoue, par ceux dont c'est le travail : la caisse est saine, le retard se voit."""

    def charger(self):
        """Rend les avis attendus, reçoit les pièces manquantes, juge ; puis date chaque décision de sa feuille."""
        anciennes = self.env["cnas.feuille_soin"].search(
            [("state", "in", ("controle", "instance", "avis_medical")), ("date_depot", "<", self.calendrier.jour(30)), ("facture_id", "=", False)],
            order="date_depot desc, id")
        par_etat = {etat: feuilles[GARDES:] for etat, feuilles in anciennes.grouped("state").items()}
        vide = anciennes.browse()
        self._rendre_les_avis(par_etat.get("avis_medical", vide))
        self._recevoir_les_pieces(par_etat.get("instance", vide))
        denouees = vide.concat(*par_etat.values())
        jeu = Feuilles(self.env, self.calendrier)
        jeu._juger_les_anciennes(denouees, self.usager("controleur2"))
        jeu._vieillir(denouees)

    def _rendre_les_avis(self, feuilles):
        for feuille in feuilles.with_user(self.usager("medecin")):
            feuille.action_rendre_avis("accord", "Soins justifiés au vu du compte rendu joint.")

    def _recevoir_les_pieces(self, feuilles):
        """Joint ce qui manquait, remet les feuilles dans le circuit et les fait contrôler."""
        types = {genre.name: genre for genre in self.env["cnas.type_piece"].search([])}
        recus = feuilles._calculer_recevabilite()
        for agent, deposees in feuilles.grouped("create_uid").items():
            self.env["cnas.feuille_soin.piece"].with_user(agent).create([{
                "feuille_id": feuille.id, "type_id": types[nom].id, "name": f"{nom} {feuille.numero}.pdf",
                "contenu": self.pdf(nom, f"Feuille {feuille.numero}", f"Formation {feuille.formation_id.code}"),
            } for feuille in deposees for manque in recus[feuille.id]["manque"] for nom in manque.split(", ")])
            deposees.with_user(agent).action_regulariser()
        feuilles.with_user(self.usager("controleur")).action_controler()
