import base64
import io

from reportlab.lib.pagesizes import A5
from reportlab.pdfgen.canvas import Canvas


class Etape:
    """Une étape du jeu : un environnement, un calendrier, et `charger()` qui écrit par les vraies actions."""

    def __init__(self, env, calendrier):
        self.env, self.calendrier = env, calendrier

    def usager(self, login):
        """Rend l'usager de démonstration de cet identifiant."""
        return self.env.ref(f"cnas_demo.user_{login}")

    @staticmethod
    def pdf(titre, *lignes):
        """Rend, en base64, une page A5 factice : un titre, ce qu'elle dit, et qu'elle ne vaut rien."""
        tampon = io.BytesIO()
        page = Canvas(tampon, pagesize=A5, invariant=1)
        page.setFont("Helvetica-Bold", 15)
        page.drawString(40, 520, titre[:44])
        page.setFont("Helvetica", 11)
        for rang, ligne in enumerate(lignes):
            page.drawString(40, 490 - 18 * rang, ligne)
        page.setFont("Helvetica-Oblique", 9)
        page.drawString(40, 60, "Document factice de la démonstration, sans valeur.")
        page.save()
        return base64.b64encode(tampon.getvalue())

    def comme(self, login, modele):
        """Rend le modèle vu par un usager de démonstration."""
        return self.env[modele].with_user(self.usager(login))
